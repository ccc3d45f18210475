/**
 * The log: recent history and the catalogue, in D1.
 *
 * Rows are keyed by a stream's id and the byte position of their first frame. Inserts may be repeated after any
 * crash, and D1 may do one long after its sender has given it up: a block or a segment once written only ever becomes
 * longer, and what it holds never changes.
 */

import type { StreamKind } from "#protocol/content-type.ts";
import { chunkEnd, sliceFrom, type Chunk } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import { decodeBlock, encodeBlock, type BlockBody } from "./block.ts";
import { attempt } from "./attempt.ts";
import {
  StorageFault,
  type FrameRun,
  type Log,
  type Segment,
  type StreamRecord,
} from "./contract.ts";
import { decodeSegmentRow, encodeSegmentRow, type SegmentRow } from "./segment-row.ts";

// A batch travels as one request: four blocks are at most about 3 MB of text.
const BLOCKS_PER_BATCH = 4;

// R2 removes as many objects with one request.
const SEGMENTS_PER_LOOK = 1_000;

const INSERT_BLOCK = `
  INSERT INTO blocks (stream_id, start, start_seq, end, end_seq, encoding, ends, body, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (stream_id, start) DO UPDATE SET
    end = excluded.end, end_seq = excluded.end_seq, encoding = excluded.encoding, ends = excluded.ends, body = excluded.body,
    checksum = excluded.checksum
  WHERE excluded.end > blocks.end`;

const INSERT_SEGMENT = `
  INSERT INTO segments (stream_id, start, start_seq, end, end_seq, key, marks, checksums) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (stream_id, start) DO UPDATE SET
    end = excluded.end, end_seq = excluded.end_seq, key = excluded.key, marks = excluded.marks,
    checksums = excluded.checksums
  WHERE excluded.end > segments.end`;

interface BlockRow extends BlockBody {
  readonly start: number;
  readonly start_seq: number;
  readonly end: number;
}

/** Binds the log to a database with the schema of `migrations/`. */
export function openLog(db: D1Database): Log {
  return {
    ...openLookups(db),

    async insert(record, blocks) {
      const statements = blocks.map((block) => insertBlock(db, record, block));
      if (!record.catalogued && record.state !== "gone")
        statements.unshift(insertStream(db, record));
      for (let i = 0; i < statements.length; i += BLOCKS_PER_BATCH) {
        await attempt("D1", "unknown", () => db.batch(statements.slice(i, i + BLOCKS_PER_BATCH)));
      }
    },

    read: (streamId, from, kind, bytesMax) => readBlocks(db, streamId, from, kind, bytesMax),

    blockEnds: (streamId, from, bytes) => listBlockEnds(db, streamId, from, bytes),

    async trim(streamId, until) {
      const statements = ["blocks", "segments"].map((table) =>
        db
          .prepare(`DELETE FROM ${table} WHERE stream_id = ?1 AND start < ?2 AND end <= ?2`)
          .bind(streamId, until.byte),
      );
      await attempt("D1", "unknown", () => db.batch(statements));
    },

    async replaceBySegment(streamId, segment, from) {
      const { end } = segment;
      const insert = insertSegment(db, streamId, segment);
      const remove = db
        .prepare(
          "DELETE FROM blocks WHERE stream_id = ?1 AND start >= ?3 AND start < ?2 AND end <= ?2",
        )
        .bind(streamId, end.byte, from?.byte ?? 0);
      await attempt("D1", "unknown", () => db.batch([insert, remove]));
    },

    async unlist(streamId) {
      const remove = db.prepare("DELETE FROM streams WHERE stream_id = ?").bind(streamId);
      await attempt("D1", "unknown", () => remove.run());
    },

    async erase(streamId) {
      const statements = ["blocks", "segments", "streams"].map((table) =>
        db.prepare(`DELETE FROM ${table} WHERE stream_id = ?`).bind(streamId),
      );
      await attempt("D1", "unknown", () => db.batch(statements));
    },
  };
}

/** What tells where frames lie, and no bytes. */
function openLookups(
  db: D1Database,
): Pick<Log, "holds" | "seek" | "segmentAt" | "segmentOfFrame" | "segmentsBefore" | "namesObject"> {
  return {
    async holds(streamId, at) {
      const query = db
        .prepare("SELECT 1 FROM blocks WHERE stream_id = ?1 AND start <= ?2 AND end > ?2 LIMIT 1")
        .bind(streamId, at.byte);
      return (await attempt("D1", "none", () => query.first())) !== null;
    },

    async seek(streamId, by, value) {
      const [start, end] = by === "seq" ? ["start_seq", "end_seq"] : ["start", "end"];
      const query = db
        .prepare(
          `SELECT start, start_seq, ends FROM blocks
           WHERE stream_id = ?1 AND ${start} <= ?2 AND ${end} > ?2 ORDER BY start DESC LIMIT 1`,
        )
        .bind(streamId, value);
      const row = await attempt("D1", "none", () =>
        query.first<Pick<BlockRow, "start" | "start_seq" | "ends">>(),
      );
      return row === null ? undefined : parseRun(row);
    },

    async segmentAt(streamId, at) {
      const query = db
        .prepare(
          "SELECT start, start_seq, end, end_seq, key, marks, checksums FROM segments WHERE stream_id = ? AND start <= ? ORDER BY start DESC LIMIT 1",
        )
        .bind(streamId, at.byte);
      const row = await attempt("D1", "none", () => query.first<SegmentRow>());
      return row === null || row.end <= at.byte ? undefined : decodeSegmentRow(row);
    },

    async segmentOfFrame(streamId, seq) {
      const query = db
        .prepare(
          "SELECT start, start_seq, end, end_seq, key, marks, checksums FROM segments WHERE stream_id = ?1 AND start_seq <= ?2 AND end_seq > ?2 ORDER BY start DESC LIMIT 1",
        )
        .bind(streamId, seq);
      const row = await attempt("D1", "none", () => query.first<SegmentRow>());
      return row === null ? undefined : decodeSegmentRow(row);
    },

    async segmentsBefore(streamId, until) {
      const query = db
        .prepare(
          "SELECT key, end, end_seq FROM segments WHERE stream_id = ?1 AND start < ?2 AND end <= ?2 ORDER BY start LIMIT ?3",
        )
        .bind(streamId, until.byte, SEGMENTS_PER_LOOK);
      const { results } = await attempt("D1", "none", () =>
        query.all<Pick<SegmentRow, "key" | "end" | "end_seq">>(),
      );
      return results.map((row) => ({ key: row.key, end: { seq: row.end_seq, byte: row.end } }));
    },

    async namesObject(streamId, key) {
      const query = db
        .prepare("SELECT 1 FROM segments WHERE stream_id = ? AND key = ?")
        .bind(streamId, key);
      return (await attempt("D1", "none", () => query.first())) !== null;
    },
  };
}

async function readBlocks(
  db: D1Database,
  streamId: string,
  from: Position,
  kind: StreamKind,
  bytesMax: number,
): Promise<Chunk[]> {
  const query = db
    .prepare(
      `SELECT start, start_seq, end, encoding, ends, body, checksum FROM blocks
       WHERE stream_id = ?1 AND start < ?2 + ?3
         AND start >= (SELECT start FROM blocks WHERE stream_id = ?1 AND start <= ?2 AND end > ?2 ORDER BY start DESC LIMIT 1)
       ORDER BY start`,
    )
    .bind(streamId, from.byte, bytesMax);
  const { results } = await attempt("D1", "none", () => query.all<BlockRow>());
  const chunks: Chunk[] = [];
  let at = from;
  for (const row of results) {
    // A crash between D1's answer and the journal's can leave a block inside a longer one.
    if (row.end <= at.byte) continue;
    const chunk = decodeBlock({ seq: row.start_seq, byte: row.start }, row);
    const part = sliceFrom(chunk, at, kind);
    // What does not follow is another tier's: the caller goes on from where this ends.
    if (part === undefined) break;
    chunks.push(part);
    at = chunkEnd(part);
  }
  return chunks;
}

async function listBlockEnds(
  db: D1Database,
  streamId: string,
  from: Position,
  bytes: number,
): Promise<Position[]> {
  const query = db
    .prepare(
      "SELECT end, end_seq FROM blocks WHERE stream_id = ?1 AND start < ?2 + ?3 AND end > ?2 ORDER BY start",
    )
    .bind(streamId, from.byte, bytes);
  const { results } = await attempt("D1", "none", () =>
    query.all<{ end: number; end_seq: number }>(),
  );
  return results.map((row) => ({ seq: row.end_seq, byte: row.end }));
}

function insertBlock(db: D1Database, record: StreamRecord, block: Chunk): D1PreparedStatement {
  const { start } = block;
  const end = chunkEnd(block);
  const { encoding, ends, body, checksum } = encodeBlock(block, record.kind);
  return db
    .prepare(INSERT_BLOCK)
    .bind(record.id, start.byte, start.seq, end.byte, end.seq, encoding, ends, body, checksum);
}

function insertSegment(db: D1Database, streamId: string, segment: Segment): D1PreparedStatement {
  const { start, start_seq, end, end_seq, key, marks, checksums } = encodeSegmentRow(segment);
  return db
    .prepare(INSERT_SEGMENT)
    .bind(streamId, start, start_seq, end, end_seq, key, marks, checksums);
}

function insertStream(db: D1Database, record: StreamRecord): D1PreparedStatement {
  return db
    .prepare(
      "INSERT OR IGNORE INTO streams (stream_id, path, content_type, created_at, lineage) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(
      record.id,
      record.path,
      record.contentType,
      record.createdAtMs,
      JSON.stringify(record.lineage),
    );
}

function parseRun(row: Pick<BlockRow, "start" | "start_seq" | "ends">): FrameRun {
  const start = { seq: row.start_seq, byte: row.start };
  try {
    return { start, ends: JSON.parse(row.ends) as number[] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const message = `The block at message ${start.seq}, byte ${start.byte} in D1 is not what was stored.`;
    throw new StorageFault(message, "none", error);
  }
}
