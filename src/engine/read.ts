/** Reads (§5.6): one page, put together from memory, journal, D1, R2 and the ancestors of a fork. */

import { takeBounded, UNBOUNDED, type Bounds } from "#protocol/bounds.ts";
import type { StreamKind } from "#protocol/content-type.ts";
import { chunkEnd, payloadBytes, sliceUntil, takeFrames, type Chunk } from "#protocol/frames.ts";
import {
  FRAME_BYTES_MAX,
  READ_BYTES_MAX,
  SEGMENT_PAGE_BYTES,
  SEGMENT_PAGE_BYTES_MIN,
} from "#protocol/limits.ts";
import type { Position, ReadFrom } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { StorageFault } from "#storage/contract.ts";
import { expire } from "./remove.ts";
import { openStream, type Present, type Stream } from "./stream.ts";

// A block may be compacted between the look into D1 and the look for its segment: then both are done again.
const COLD_ATTEMPTS = 3;

// Most messages are much smaller.
const FRAME_BYTES_LARGE = 65_536;

interface Found {
  readonly chunks: readonly Chunk[];
  /** A segment ends the page: what follows is asked for anew. */
  readonly last: boolean;
}

/** Where a read begins, or why it cannot. Counts as a use of the stream: the sliding window starts anew. */
export function openRead(stream: Stream, from: ReadFrom): Result<Position> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  stream.touch();
  stream.armAlarm();
  const { record, tail } = opened.value;
  if (from.kind === "start") return accept(record.base);
  if (from.kind === "now") return accept(tail);
  const { position } = from;
  if (position.byte < record.base.byte) return refuseGone(record.base);
  // Past the tail there is nothing: like the reference server, answer from the tail.
  return accept(position.byte > tail.byte ? tail : position);
}

/** The page that begins at a position of the stream, within the bounds of its reader. Never waits for data. */
export async function readPage(
  stream: Stream,
  from: Position,
  bounds: Bounds = UNBOUNDED,
): Promise<Result<Page>> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { id, kind, base } = opened.value.record;
  // A reader that was connected may have been left behind by a trim, or by another stream at this path.
  if (from.byte < base.byte) return refuseGone(base);
  const chunks = takeBounded(await collectPage(stream, opened.value, from, bounds), kind, bounds);
  const now = stream.sameStream(id);
  if (now === undefined || now.record.state === "gone") {
    return refuse({ code: "stream_not_found", message: "The stream was deleted." });
  }
  if (from.byte < now.record.base.byte) return refuseGone(now.record.base);
  const last = chunks.at(-1);
  if (last === undefined && from.byte < now.tail.byte) return refuseOffset();
  const next = last === undefined ? from : chunkEnd(last);
  const upToDate = next.byte >= now.tail.byte;
  if (upToDate && next.seq !== now.tail.seq) return refuseOffset();
  const { contentType, lifetime, origin, state } = now.record;
  // What a fork has inherited may be cut inside a frame: that is not kept.
  if (upToDate && from.byte >= origin.byte) stream.cache.adopt(chunks);
  const closed = upToDate && state === "closed";
  return accept({
    streamId: id,
    contentType,
    kind,
    lifetime,
    from,
    next,
    chunks,
    upToDate,
    closed,
  });
}

/** The frames of a page. A store that lacks what is trimmed or deleted while it is read has not failed. */
async function collectPage(
  stream: Stream,
  present: Present,
  from: Position,
  bounds: Bounds,
): Promise<Chunk[]> {
  const { id, kind } = present.record;
  try {
    const bytesMax = pageBytesMax(present, stream.journalFrom, from, bounds);
    return await collect(stream, id, from, kind, bytesMax);
  } catch (error) {
    const base = stream.sameStream(id)?.record.base.byte ?? Infinity;
    if (!(error instanceof StorageFault) || base <= from.byte) throw error;
    return [];
  }
}

function refuseGone(earliest: Position) {
  return refuse({
    code: "offset_gone",
    message: "This offset is before the first one that the stream has.",
    earliest,
  });
}

/** The most bytes that the page at a position can have by now. */
export function pageBytesMost({ slot, journalFrom }: Stream, from: Position): number {
  if (slot.kind === "absent") return 0;
  const bytesMax = pageBytesMax(slot, journalFrom, from, UNBOUNDED);
  return Math.max(0, Math.min(slot.tail.byte - from.byte, bytesMax));
}

/**
 * Segments are read in larger pages: to ask R2 costs more than what it gives. Wherever readers begin, they soon ask for
 * the same pages, so that caches on the way can answer them.
 */
function segmentPageBytes({ byte }: Position): number {
  const bytes = SEGMENT_PAGE_BYTES - (byte % SEGMENT_PAGE_BYTES);
  return bytes < SEGMENT_PAGE_BYTES_MIN ? bytes + SEGMENT_PAGE_BYTES : bytes;
}

/** Who wants few messages is not made to wait for a page of D1 or R2; of very large ones the answer has fewer. */
function pageBytesMax(
  { record }: Present,
  journalFrom: Position,
  from: Position,
  { bytes, frames }: Bounds,
): number {
  const isStored = from.byte < journalFrom.byte;
  const isCold = from.byte < record.compacted.byte && from.byte >= record.origin.byte;
  const fewBytes = isStored ? (frames ?? Infinity) * FRAME_BYTES_LARGE : Infinity;
  const bytesMax = Math.min(fewBytes, isCold ? segmentPageBytes(from) : READ_BYTES_MAX);
  if (bytes === undefined) return bytesMax;
  // Whole frames are collected, and where messages are not kept whole the last of them may have to be cut.
  return Math.min(bytesMax, record.kind === "json" ? bytes : bytes + FRAME_BYTES_MAX);
}

/** The refusal of an offset that is well-formed, and none of the stream's. */
export function refuseOffset() {
  return refuse({
    code: "invalid_offset",
    message: "This is not an offset that the server has given out for this stream.",
  });
}

/** Consecutive frames from a position on, up to `bytesMax` or one whole frame; none when there is no such position. */
export async function collect(
  stream: Stream,
  id: string,
  from: Position,
  kind: StreamKind,
  bytesMax: number,
): Promise<Chunk[]> {
  const taken: Chunk[] = [];
  let at = from;
  let room = bytesMax;
  while (room > 0) {
    const present = stream.sameStream(id);
    if (present === undefined || at.byte >= present.tail.byte) break;
    const found = await find(stream, present, at, kind, room);
    for (const chunk of found.chunks) {
      const part = takeFrames(chunk, room);
      if (taken.length > 0 && part.payload.length > room) return taken;
      taken.push(part);
      at = chunkEnd(part);
      room -= part.payload.length;
      if (part !== chunk || room <= 0) return taken;
    }
    if (found.last || found.chunks.length === 0) break;
  }
  return taken;
}

/** Asks the one tier that holds a position. */
async function find(
  stream: Stream,
  { record }: Present,
  at: Position,
  kind: StreamKind,
  room: number,
): Promise<Found> {
  const { journalFrom } = stream;
  if (at.byte >= stream.cache.start.byte) {
    return { chunks: stream.cache.read(at, kind, room), last: false };
  }
  if (at.byte >= journalFrom.byte && at.byte >= record.origin.byte) {
    return { chunks: stream.deps.journal.read(at, kind, room), last: false };
  }
  const ancestor = record.lineage.find((a) => at.byte < a.until.byte);
  const found = await findCold(stream, ancestor?.streamId ?? record.id, at, kind, room);
  const until = ancestor?.until ?? journalFrom;
  const chunks = found.chunks.flatMap((c) => sliceUntil(c, until) ?? []);
  return { chunks, last: found.last };
}

async function findCold(
  stream: Stream,
  streamId: string,
  at: Position,
  kind: StreamKind,
  room: number,
): Promise<Found> {
  const { log, segments } = stream.deps;
  const known = stream.segments.find(streamId, at);
  if (known !== undefined) {
    try {
      return { chunks: await segments.read(known, at, kind, room), last: true };
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      // It may have been removed since it was looked up: D1 knows.
      stream.segments.drop(known);
    }
  }
  for (let attempt = 1; attempt <= COLD_ATTEMPTS; attempt++) {
    const blocks = await log.read(streamId, at, kind, room);
    if (blocks.length > 0) return { chunks: blocks, last: false };
    const segment = await log.segmentAt(streamId, at);
    if (segment !== undefined) {
      stream.segments.add(streamId, segment);
      return { chunks: await segments.read(segment, at, kind, room), last: true };
    }
  }
  if (await log.holds(streamId, at)) return { chunks: [], last: true };
  throw new StorageFault(
    `Neither D1 nor R2 has message ${at.seq}, byte ${at.byte}, which they took.`,
    "none",
  );
}

/**
 * The position that lies `count` messages (JSON) or bytes (otherwise) after an anchor (§4.2).
 *
 * @returns undefined past the next data boundary: the tail for JSON, whose every message has an offset of its own;
 *   for bytes the end of the append that the anchor lies in
 */
export async function advance(
  stream: Stream,
  id: string,
  anchor: Position,
  kind: StreamKind,
  count: number,
): Promise<Position | undefined> {
  let at = anchor;
  let left = count;
  while (left > 0) {
    const chunks = await collect(stream, id, at, kind, READ_BYTES_MAX);
    const last = chunks.at(-1);
    if (last === undefined) return undefined;
    const have = kind === "json" ? chunkEnd(last).seq - at.seq : payloadBytes(chunks);
    if (kind !== "json" && boundary(chunks) < left) return undefined;
    if (have < left) {
      at = chunkEnd(last);
      left -= have;
      continue;
    }
    return kind === "json" ? messageEnd(chunks, at.seq + left) : byteAt(chunks, at.byte + left);
  }
  return at;
}

/** Bytes to the end of the append that begins the chunks; Infinity when it goes on after them. */
function boundary(chunks: readonly Chunk[]): number {
  let bytes = 0;
  for (const { ends, payload } of chunks) {
    for (const [i, end] of ends.entries()) {
      // A frame of the largest size may be a piece of an append that goes on in the next one.
      if (end - (i === 0 ? 0 : (ends[i - 1] ?? 0)) !== FRAME_BYTES_MAX) return bytes + end;
    }
    bytes += payload.length;
  }
  return Infinity;
}

function messageEnd(chunks: readonly Chunk[], seq: number): Position {
  const chunk = chunks.find((c) => chunkEnd(c).seq >= seq);
  const end = chunk?.ends[seq - 1 - chunk.start.seq];
  if (chunk === undefined || end === undefined)
    throw new StorageFault("Frames are missing.", "none");
  return { seq, byte: chunk.start.byte + end };
}

function byteAt(chunks: readonly Chunk[], byte: number): Position {
  const chunk = chunks.find((c) => chunkEnd(c).byte >= byte);
  if (chunk === undefined) throw new StorageFault("Bytes are missing.", "none");
  const whole = chunk.ends.filter((e) => chunk.start.byte + e <= byte).length;
  return { seq: chunk.start.seq + whole, byte };
}
