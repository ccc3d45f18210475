/**
 * The journal: the object's own SQLite database, where an append becomes durable.
 *
 * Two tables take turns. Appends go to the current one; a flush seals it, and once D1 has its rows the table is
 * dropped and made anew: two rows written whatever it held, where deleting would cost one for every append. Which
 * table is current follows from their contents: the one with the later rows. docs/formats.md describes every column.
 *
 * All calls are synchronous. The object runs one at a time, so that what is validated is what is committed.
 */

import type { StreamKind } from "#protocol/content-type.ts";
import { chunkEnd, cutChunk, sliceFrom, type Chunk } from "#protocol/frames.ts";
import { CHUNK_FRAMES_MAX, JOURNAL_ROW_BYTES_MAX } from "#protocol/limits.ts";
import { ZERO, type Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { ProducerStamp, ProducerState } from "#protocol/producer.ts";
import { attemptWrite } from "./attempt.ts";

import type {
  Commit,
  Coordinate,
  Edge,
  FrameRun,
  Journal,
  Slot,
  StreamRecord,
  Task,
} from "./contract.ts";
import { createTable, prepareTables, type JournalTable } from "./journal-schema.ts";
import { TaskTable } from "./task-table.ts";

type Row = {
  byte: number;
  seq: number;
  ends: string | null;
  writer_seq: string | null;
  body: ArrayBuffer;
};

type NewestRow = {
  byte: number;
  seq: number;
  size: number;
  count: number;
  writer_seq: string | null;
};

// Up to this many rows, deleting them writes no more than making the table anew does.
const DELETED_ROWS_MAX = 2;

/** Binds the journal to an object's storage, creating its tables where they are missing. */
export function openJournal(storage: DurableObjectStorage): Journal {
  return new SqliteJournal(storage);
}

class SqliteJournal extends TaskTable implements Journal {
  readonly #storage: DurableObjectStorage;
  #current: JournalTable;

  constructor(storage: DurableObjectStorage) {
    super(storage.sql);
    this.#storage = storage;
    storage.transactionSync(() => prepareTables(this.sql));
    const a = this.#newest("journal_a")?.byte ?? -1;
    const b = this.#newest("journal_b")?.byte ?? -1;
    this.#current = b > a ? "journal_b" : "journal_a";
  }

  get #other(): JournalTable {
    return this.#current === "journal_a" ? "journal_b" : "journal_a";
  }

  load(): Slot {
    const [row] = this.sql.exec<{ value: string }>("SELECT value FROM slot").toArray();
    if (row === undefined) return { kind: "absent", floor: ZERO };
    const stored = JSON.parse(row.value) as { floor: Position } | { record: StreamRecord };
    if ("floor" in stored) return { kind: "absent", floor: stored.floor };
    const { record } = stored;
    const newest = this.#newest(this.#current);
    if (newest === undefined) {
      return { kind: "present", record, tail: record.flushed, writerSeq: record.writerSeq };
    }
    return {
      kind: "present",
      record,
      tail: rowEnd(newest),
      writerSeq: newest.writer_seq ?? undefined,
    };
  }

  commit(commit: Commit): void {
    const { record, chunk, producer, writerSeq, task } = commit;
    // One row is a transaction by itself: most appends are.
    const more = record !== undefined || producer !== undefined || task !== undefined;
    if (!more && chunk !== undefined && isOneRow(chunk)) {
      attemptWrite(() => this.#insert(chunk, writerSeq));
      return;
    }
    this.#transact(() => {
      if (record !== undefined) this.#writeSlot({ record });
      if (chunk !== undefined) this.#insert(chunk, writerSeq);
      if (producer !== undefined) this.#writeProducer(producer);
      if (task !== undefined) this.addTask(task, commit.taskDueMs ?? 0);
    });
  }

  create(
    record: StreamRecord,
    chunk: Chunk | undefined,
    doneTask: number | undefined,
    producers: readonly ProducerStamp[],
  ): void {
    this.#transact(() => {
      this.#writeSlot({ record });
      if (chunk !== undefined) this.#insert(chunk, undefined);
      for (const producer of producers) this.#writeProducer(producer);
      if (doneTask !== undefined) this.finishTask(doneTask);
    });
  }

  remove(floor: Position, tasks: readonly Task[]): void {
    this.#transact(() => {
      this.#writeSlot({ floor });
      for (const table of ["journal_a", "journal_b"] as const) this.#empty(table);
      for (const table of ["producers", "edges"]) this.sql.exec(`DELETE FROM ${table}`);
      this.sql.exec("DELETE FROM tasks WHERE task ->> 'kind' = 'reconcile'");
      for (const task of tasks) this.addTask(task, 0);
    });
  }

  producer(id: string): ProducerState | undefined {
    return this.sql
      .exec<{ epoch: number; seq: number }>("SELECT epoch, seq FROM producers WHERE id = ?", id)
      .toArray()[0];
  }

  producers(): ProducerStamp[] {
    return this.sql
      .exec<{ id: string; epoch: number; seq: number }>(
        "SELECT id, epoch, seq FROM producers ORDER BY id",
      )
      .toArray();
  }

  read(from: Position, kind: StreamKind, bytesMax: number): Chunk[] {
    const chunks: Chunk[] = [];
    let at = from;
    let room = bytesMax;
    for (const table of [this.#other, this.#current]) {
      for (const chunk of this.#rows(table, at.byte, at.byte + room)) {
        // The last row of the sealed table, when what is asked for is in the other one.
        if (chunkEnd(chunk).byte <= at.byte) continue;
        const part = sliceFrom(chunk, at, kind);
        if (part === undefined) return chunks;
        chunks.push(part);
        at = chunkEnd(part);
        room -= part.payload.length;
        if (room <= 0) return chunks;
      }
    }
    return chunks;
  }

  seek(by: Coordinate, value: number): FrameRun | undefined {
    for (const table of [this.#current, this.#other]) {
      const [row] = this.sql
        .exec<Omit<Row, "body" | "writer_seq"> & { size: number }>(
          `SELECT byte, seq, ends, length(body) AS size FROM ${table} WHERE ${by} <= ? ORDER BY byte DESC LIMIT 1`,
          value,
        )
        .toArray();
      if (row === undefined) continue;
      const { byte, seq, ends, size } = row;
      const run = {
        start: { seq, byte },
        ends: ends === null ? [size] : (JSON.parse(ends) as number[]),
      };
      return runEnd(run, by) > value ? run : undefined;
    }
    return undefined;
  }

  holdsFrames(): boolean {
    const rows = this.sql.exec(
      "SELECT 1 FROM (SELECT byte FROM journal_a UNION ALL SELECT byte FROM journal_b) LIMIT 1",
    );
    return rows.toArray().length > 0;
  }

  seal(): Position | undefined {
    const sealed = this.#newest(this.#other);
    if (sealed !== undefined) return rowEnd(sealed);
    const newest = this.#newest(this.#current);
    if (newest === undefined) return undefined;
    this.#current = this.#other;
    return rowEnd(newest);
  }

  clearSealed(record: StreamRecord): void {
    const sealed = this.#other;
    this.#transact(() => {
      this.#writeSlot({ record });
      this.#empty(sealed);
    });
  }

  addEdge(edge: Edge): void {
    this.write(
      "INSERT OR REPLACE INTO edges (fork_id, fork_path, kept_seq, kept_byte) VALUES (?, ?, ?, ?)",
      edge.forkId,
      edge.forkPath,
      edge.kept.seq,
      edge.kept.byte,
    );
  }

  removeEdge(forkId: string): void {
    this.write("DELETE FROM edges WHERE fork_id = ?", forkId);
  }

  edges(): { forkId: string; forkPath: StreamPath }[] {
    const query = "SELECT fork_id AS forkId, fork_path AS forkPath FROM edges ORDER BY fork_id";
    return this.sql.exec<{ forkId: string; forkPath: StreamPath }>(query).toArray();
  }

  hasEdges(): boolean {
    return this.sql.exec("SELECT 1 FROM edges LIMIT 1").toArray().length > 0;
  }

  keptForForks(): Position | undefined {
    return this.sql
      .exec<{ seq: number; byte: number }>(
        "SELECT kept_seq AS seq, kept_byte AS byte FROM edges ORDER BY kept_byte LIMIT 1",
      )
      .toArray()[0];
  }

  #transact(write: () => void): void {
    attemptWrite(() => this.#storage.transactionSync(write));
  }

  #writeSlot(value: { floor: Position } | { record: StreamRecord }): void {
    this.sql.exec(
      "INSERT INTO slot VALUES (1, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      JSON.stringify(value),
    );
  }

  #writeProducer({ id, epoch, seq }: ProducerStamp): void {
    this.sql.exec(
      "INSERT INTO producers VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq",
      id,
      epoch,
      seq,
    );
  }

  #empty(table: JournalTable): void {
    const some = `SELECT 1 FROM ${table} LIMIT ${DELETED_ROWS_MAX + 1}`;
    if (this.sql.exec(some).toArray().length <= DELETED_ROWS_MAX) {
      this.sql.exec(`DELETE FROM ${table}`);
      return;
    }
    this.sql.exec(`DROP TABLE ${table}`);
    this.sql.exec(createTable(table));
  }

  #insert(chunk: Chunk, writerSeq: string | undefined): void {
    for (const { start, ends, payload } of cutChunk(chunk, JOURNAL_ROW_BYTES_MAX)) {
      this.sql.exec(
        `INSERT INTO ${this.#current} VALUES (?, ?, ?, ?, ?)`,
        start.byte,
        start.seq,
        ends.length === 1 ? null : JSON.stringify(ends),
        writerSeq ?? null,
        payload,
      );
    }
  }

  #newest(table: JournalTable) {
    return this.sql
      .exec<NewestRow>(
        `SELECT byte, seq, length(body) AS size, iif(ends IS NULL, 1, json_array_length(ends)) AS count, writer_seq
         FROM ${table} ORDER BY byte DESC LIMIT 1`,
      )
      .toArray()[0];
  }

  /** The rows that overlap the bytes from `from` to `until`, as chunks. */
  #rows(table: JournalTable, from: number, until: number): Chunk[] {
    return this.sql
      .exec<Row>(
        `SELECT * FROM ${table}
         WHERE byte >= ifnull((SELECT max(byte) FROM ${table} WHERE byte <= ?1), ?1) AND byte < ?2 ORDER BY byte`,
        from,
        until,
      )
      .toArray()
      .map(({ byte, seq, ends, body }) => ({
        start: { seq, byte },
        ends: ends === null ? [body.byteLength] : (JSON.parse(ends) as number[]),
        payload: new Uint8Array(body),
      }));
  }
}

/** Where a run ends, by one of its coordinates. */
function runEnd({ start, ends }: FrameRun, by: Coordinate): number {
  return by === "seq" ? start.seq + ends.length : start.byte + (ends.at(-1) ?? 0);
}

function rowEnd({ seq, byte, count, size }: NewestRow): Position {
  return { seq: seq + count, byte: byte + size };
}

function isOneRow({ payload, ends }: Chunk): boolean {
  return payload.length <= JOURNAL_ROW_BYTES_MAX && ends.length <= CHUNK_FRAMES_MAX;
}
