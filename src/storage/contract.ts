/**
 * What the engine may ask of storage, in terms of positions and chunks. The engine sees this file and nothing else
 * of this layer: no SQL, no D1, no R2, no object type.
 */

import type { StreamKind } from "#protocol/content-type.ts";
import type { Lifetime } from "#protocol/expiry.ts";
import type { Chunk } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { ProducerStamp, ProducerState } from "#protocol/producer.ts";
import type { Retention } from "#protocol/retention.ts";

/** One ancestor of a fork: what lies before `until` and after the previous entry is stored under this id. */
export interface Ancestor {
  readonly streamId: string;
  readonly until: Position;
}

/** Where a fork came from, kept for idempotent re-creation and for giving the source back. */
export interface ForkOrigin {
  readonly sourcePath: StreamPath;
  readonly sourceId: string;
  /** The anchor that `Stream-Fork-Offset` named, or the source's tail when it named none. */
  readonly anchor: Position;
  readonly subOffset: number;
}

/** What an incarnation of a stream is: everything but its bytes. Written rarely; the tail comes from the journal. */
export interface StreamRecord {
  /** Never used again, so that what is stored under it cannot leak into a stream re-created at the path. */
  readonly id: string;
  readonly path: StreamPath;
  readonly contentType: string;
  readonly kind: StreamKind;
  readonly createdAtMs: number;
  readonly lifetime: Lifetime;
  /** The lifetime that the creating request named: a fork may have inherited another. */
  readonly requestedLifetime: Lifetime;
  /** A sliding deadline is stored late by a tenth of its window; undefined for streams without an end. */
  readonly deadlineMs: number | undefined;
  /** How much of its past the stream keeps; undefined for all of it. */
  readonly retention?: Retention | undefined;
  /** Past every offset of the streams that were at the path before. A fork may begin before it, as its source does. */
  readonly floor: Position;
  /** The first position that can be read: not zero where an earlier stream lived at the path, or after a trim. */
  readonly base: Position;
  /** Where this stream's own frames began: its first base, or for a fork the place where it left its source. */
  readonly origin: Position;
  readonly lineage: readonly Ancestor[];
  readonly fork: ForkOrigin | undefined;
  /** `gone` is soft-deleted: only forks still read it. */
  readonly state: "open" | "closed" | "gone";
  readonly closedBy: ProducerStamp | undefined;
  /** D1 holds everything before this position, as far as it is kept. */
  readonly flushed: Position;
  /** R2 holds everything of this stream's own before this position, as far as it is kept. */
  readonly compacted: Position;
  /** The last `Stream-Seq` accepted among the flushed appends. */
  readonly writerSeq: string | undefined;
  /** Whether D1's catalogue knows the stream. */
  readonly catalogued: boolean;
}

/** What stands at a path: a stream, or nothing and the position that the next stream there starts at. */
export type Slot =
  | { readonly kind: "absent"; readonly floor: Position }
  | {
      readonly kind: "present";
      readonly record: StreamRecord;
      readonly tail: Position;
      readonly writerSeq: string | undefined;
    };

/** A fork that reads this stream: an edge, never a count, so that adding it twice is adding it once. */
export interface Edge {
  readonly forkId: string;
  readonly forkPath: StreamPath;
  /** The first position that the fork can read: the stream keeps what follows for it, whatever it trims itself. */
  readonly kept: Position;
}

/** Work that must happen once the transaction that asked for it is committed, and is retried until it has. */
export type Task =
  | { readonly kind: "erase"; readonly streamId: string }
  /** What lies before the stream's first position, and before those of its forks, is removed. */
  | { readonly kind: "trim"; readonly streamId: string }
  /** What a crash may have left: one object without a row in D1, or without a key all that came after an erasure. */
  | { readonly kind: "sweep"; readonly streamId: string; readonly key: string | undefined }
  /** An import that nobody goes on with is erased. Until then it says how far the import is. */
  | {
      readonly kind: "import";
      readonly streamId: string;
      /** What is imported, as JSON. */
      readonly manifest: string;
      readonly at: Position;
      /** R2 holds everything before this position. */
      readonly compacted: Position;
    }
  /** A deleted stream that forks still read leaves the catalogue. */
  | { readonly kind: "unlist"; readonly streamId: string }
  | {
      readonly kind: "release";
      readonly sourcePath: StreamPath;
      /** Undefined while a fork is being acquired and the source has not answered. */
      readonly sourceId: string | undefined;
      readonly forkId: string;
    }
  /** Asks the forks of a soft-deleted stream whether they are still there. */
  | { readonly kind: "reconcile"; readonly streamId: string };

export interface StoredTask {
  readonly id: number;
  readonly task: Task;
  readonly attempts: number;
  readonly dueMs: number;
}

/** One commit. Everything in it becomes durable together or not at all. */
export interface Commit {
  /** The whole record when anything in it changes. */
  readonly record?: StreamRecord;
  readonly chunk?: Chunk;
  readonly producer?: ProducerStamp;
  readonly writerSeq?: string | undefined;
  /** What is left to be done after it. */
  readonly task?: Task | undefined;
  /** When, in milliseconds since 1970; at once unless given. */
  readonly taskDueMs?: number;
}

/** A run of frames without their bytes: what positions are found by. */
export type FrameRun = Pick<Chunk, "start" | "ends">;

/** One of the two numbers of a position. */
export type Coordinate = keyof Position;

/**
 * The object's own database. Every call is synchronous and one transaction. A write that fails throws
 * {@link StorageFault} with effect `none`: it has changed nothing.
 */
export interface Journal {
  load(): Slot;
  commit(commit: Commit): void;
  /** Puts a stream where none is, with its first frames and producers, and forgets the intent to fork or import. */
  create(
    record: StreamRecord,
    chunk: Chunk | undefined,
    doneTask: number | undefined,
    producers: readonly ProducerStamp[],
  ): void;
  /** Removes the stream, remembers the floor of the next one and the work that is left, and asks no fork any more. */
  remove(floor: Position, tasks: readonly Task[]): void;
  producer(id: string): ProducerState | undefined;
  /** Every producer, by id. */
  producers(): ProducerStamp[];
  /** The frames from a position on, as far as `bytesMax` reaches: none when the journal does not hold it. */
  read(from: Position, kind: StreamKind, bytesMax: number): Chunk[];
  /** The run of frames that a position with this coordinate is in or begins; undefined when it is not held. */
  seek(by: Coordinate, value: number): FrameRun | undefined;
  /** Whether there are frames at all. */
  holdsFrames(): boolean;
  /** Closes the current table to appends. Gives where the sealed frames end; undefined when there are none. */
  seal(): Position | undefined;
  /** Forgets the sealed frames, which D1 has, and stores the record that says so. */
  clearSealed(record: StreamRecord): void;
  addEdge(edge: Edge): void;
  removeEdge(forkId: string): void;
  hasEdges(): boolean;
  /** The first position that any fork can read; undefined when there are no forks. */
  keptForForks(): Position | undefined;
  /** All of them, in the order of their ids. */
  edges(): Pick<Edge, "forkId" | "forkPath">[];
  addTask(task: Task, dueMs: number): number;
  tasks(): StoredTask[];
  /** Puts another task in the place of one, as if it had never been tried. */
  replaceTask(id: number, task: Task, dueMs: number): void;
  postponeTask(id: number, dueMs: number): void;
  finishTask(id: number): void;
}

/** That everything before a position was written at or before a time. */
export interface AgeNote {
  readonly position: Position;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** How old a stream's frames are, in steps: kept for streams that drop what is too old, and for no others. */
export interface AgeNotes {
  note(note: AgeNote): void;
  oldest(): AgeNote | undefined;
  newest(): AgeNote | undefined;
  /** The newest note that is at least as old as a time. */
  at(atMs: number): AgeNote | undefined;
  /** Forgets the notes of positions up to this one. */
  forget(through: Position): void;
  clear(): void;
}

/** Recent history and the catalogue, in D1. Throws {@link StorageFault} when D1 does. */
export interface Log {
  /**
   * Puts blocks, and the stream into the catalogue when it is not there. Idempotent: a block that is already there is
   * left, or replaced by its longer self.
   */
  insert(record: StreamRecord, blocks: readonly Chunk[]): Promise<void>;
  /** Consecutive chunks, the first of which holds `from`; none when D1 does not hold it. */
  read(streamId: string, from: Position, kind: StreamKind, bytesMax: number): Promise<Chunk[]>;
  /** Whether a block holds the byte at a position: then a read that finds nothing was given a wrong position. */
  holds(streamId: string, at: Position): Promise<boolean>;
  /** Where the blocks from a position on end, in order, until they add up to `bytes`. */
  blockEnds(streamId: string, from: Position, bytes: number): Promise<Position[]>;
  /** The block that holds a position with this coordinate, without its bytes. */
  seek(streamId: string, by: Coordinate, value: number): Promise<FrameRun | undefined>;
  /** The segment that holds the frame with this number. */
  segmentOfFrame(streamId: string, seq: number): Promise<Segment | undefined>;
  /** The first segments that lie wholly before a position: up to a thousand, none when there are none left. */
  segmentsBefore(streamId: string, until: Position): Promise<SegmentEnd[]>;
  /** Removes the rows of blocks and segments that lie wholly before a position. */
  trim(streamId: string, until: Position): Promise<void>;
  /** Whether a row names this object. */
  namesObject(streamId: string, key: string): Promise<boolean>;
  /** The segment that holds a position, if any does. */
  segmentAt(streamId: string, at: Position): Promise<Segment | undefined>;
  /**
   * Puts a segment in the place of the blocks that it holds, in one transaction. Blocks before it are leftovers and go
   * as well, but for those before `from`.
   */
  replaceBySegment(streamId: string, segment: Segment, from?: Position): Promise<void>;
  /** Takes a stream out of the catalogue; its blocks and segments stay. */
  unlist(streamId: string): Promise<void>;
  erase(streamId: string): Promise<void>;
}

export interface CatalogueEntry {
  readonly path: string;
  readonly contentType: string;
  readonly createdAtMs: number;
}

/** The streams of the whole server, in D1: each within seconds of its creation, and for seconds after its end. */
export interface Catalogue {
  /** Up to `count` streams whose path has the prefix and sorts after `after`, in the order of their UTF-8 bytes. */
  list(prefix: string, after: string, count: number): Promise<CatalogueEntry[]>;
}

/** One object in R2 and the places in it where frames begin. */
export interface Segment {
  readonly start: Position;
  readonly end: Position;
  readonly key: string;
  /** Frame boundaries every 64 KiB or so, the first is `start`: a read begins at the last one before it. */
  readonly marks: readonly Position[];
  /** The checksum of the bytes from each mark to the next; undefined for a segment from before there were any. */
  readonly checksums: readonly number[] | undefined;
}

/** An object, and where what it holds ends. */
export type SegmentEnd = Pick<Segment, "key" | "end">;

/** Cold history, in R2. Throws {@link StorageFault} when R2 does. */
export interface Segments {
  /** The key that {@link put} uses: it is known before there is an object. */
  keyOf(streamId: string, chunks: readonly [Chunk, ...Chunk[]]): string;
  put(streamId: string, chunks: readonly [Chunk, ...Chunk[]]): Promise<Segment>;
  /**
   * The frames from a position on, up to the first damage; none when the position is no frame's. Throws where the
   * damage begins before any of them. However few are asked for, all frames up to the next mark come along.
   */
  read(segment: Segment, from: Position, kind: StreamKind, bytesMax: number): Promise<Chunk[]>;
  /** Removes up to a thousand objects; those that are not there count as removed. */
  remove(keys: readonly string[]): Promise<void>;
  erase(streamId: string): Promise<void>;
}

/** A failure of a store. `none`: surely nothing was written. `unknown`: it may have been. */
export class StorageFault extends Error {
  override readonly name = "StorageFault";
  readonly effect: "none" | "unknown";

  constructor(message: string, effect: "none" | "unknown", cause?: unknown) {
    super(message, { cause });
    this.effect = effect;
  }
}
