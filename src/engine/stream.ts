/**
 * What an object holds in memory of the stream at its path, and the one way to change it.
 *
 * Concurrency: the object runs one piece of JavaScript at a time. Validation and commit happen without an `await`
 * between them, so that nothing needs a lock. After every `await` the facts are looked up again.
 */

import { deadlineMs, storedDeadlineMs } from "#protocol/expiry.ts";
import { chunkEnd, type Chunk } from "#protocol/frames.ts";
import { earlier, later, type Position } from "#protocol/offset.ts";
import type { ProducerStamp } from "#protocol/producer.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import type {
  AgeNotes,
  Commit,
  Journal,
  Log,
  Segments,
  Slot,
  StreamRecord,
  Task,
} from "#storage/contract.ts";
import { CommitTurns } from "./commit-turns.ts";
import { KnownSegments } from "./known-segments.ts";
import { FlushTurns } from "./flush-turns.ts";
import type { ForkPeers } from "./peers.ts";
import { RetentionClock } from "./retention-clock.ts";
import { TailCache } from "./tail-cache.ts";

export interface EngineSettings {
  readonly ackMode: "journal" | "d1";
  readonly flushBytes: number;
  readonly flushIntervalMs: number;
  readonly journalBytesMax: number;
  readonly segmentBytes: number;
}

/** The effects an engine is given: stores, other objects, time, identity, the alarm and the waiting readers. */
export interface EngineDependencies {
  readonly settings: EngineSettings;
  readonly journal: Journal;
  readonly ages: AgeNotes;
  readonly log: Log;
  readonly segments: Segments;
  readonly peers: ForkPeers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Returns when everything that was written is durable. */
  readonly sync: () => Promise<void>;
  /** Makes one transaction of all that `run` writes into the object's database. Undoes it when `run` throws. */
  readonly transaction: <T>(run: () => T) => T;
  /** A new stream id, never given before. */
  readonly newId: () => string;
  /** Returns after some milliseconds, if the object lives as long. */
  readonly delay: (ms: number) => Promise<void>;
  readonly setAlarm: (atMs: number) => void;
  /** Called after every commit that readers may be waiting for. */
  readonly onChange: () => void;
  /** How many readers wait: a stream that is being read does not expire. */
  readonly readers: () => number;
}

export type Present = Extract<Slot, { kind: "present" }>;

// An alarm further away is set when this one fires: the platform takes no arbitrarily distant dates.
const ALARM_DAYS_MAX = 30;
const ALARM_MS_MAX = ALARM_DAYS_MAX * 86_400_000;
// An alarm this late has been lost, or given up by the platform: it is set again.
const ALARM_LATE_MS_MAX = 10_000;

export class Stream {
  readonly deps: EngineDependencies;
  readonly turns: CommitTurns;
  readonly flushTurns: FlushTurns;
  readonly segments = new KnownSegments();
  readonly retentionClock: RetentionClock;
  /** When the journal's first frame is to be in D1 and out of the journal, and the stream in the catalogue. */
  flushDueMs: number | undefined;
  /** Whether an earlier life of the object left frames in the journal: they have waited for an unknown time. */
  leftOver = false;
  flushing: Promise<void> | undefined;
  /** A flush begins as soon as a burst of appends is over. */
  flushingSoon = false;
  /** The last block in D1 while it is small: the next flush makes it longer. */
  openBlock: Chunk | undefined;
  compacting: Promise<void> | undefined;
  /** Cold rows and objects are being removed: nothing is compacted meanwhile. */
  removing: Promise<void> | undefined;
  /** When code above the engine wants the alarm; undefined for never. */
  timerDueMs: number | undefined;
  #slot: Slot;
  #cache: TailCache;
  /** The sliding deadline to the millisecond; the stored one is up to a tenth of the window late. */
  #deadlineMs: number | undefined;
  /** What the journal may still hold begins here; at or before what D1 has. */
  #journalFrom: Position;
  #taskDueMs: number | undefined;
  #alarmMs: number | undefined;

  /** Loads the stream from the journal. Nothing else is asked, whatever the stream's length. */
  constructor(deps: EngineDependencies) {
    this.deps = deps;
    this.turns = new CommitTurns(deps.sync);
    this.flushTurns = new FlushTurns(deps.delay, deps.now);
    this.retentionClock = new RetentionClock(deps.ages, () => deps.now());
    this.#slot = deps.journal.load();
    this.#cache = new TailCache(this.#tailOrFloor());
    this.#journalFrom =
      this.#slot.kind === "present" ? this.#slot.record.flushed : this.#slot.floor;
    if (this.#slot.kind === "present") {
      const { record, tail } = this.#slot;
      this.#deadlineMs = record.state === "gone" ? undefined : record.deadlineMs;
      const isUnlisted = !record.catalogued && record.state !== "gone";
      // The journal may hold frames that D1 has, or that were trimmed: they leave with a flush as well.
      this.leftOver = deps.journal.holdsFrames();
      if (this.leftOver || isUnlisted) {
        this.flushDueMs = deps.now() + deps.settings.flushIntervalMs;
      }
      this.retentionClock.start(record, tail);
    }
    this.refreshTasks();
  }

  get slot(): Slot {
    return this.#slot;
  }

  get cache(): TailCache {
    return this.#cache;
  }

  get journalFrom(): Position {
    return this.#journalFrom;
  }

  /** The bytes that the journal holds. */
  get journalBytes(): number {
    return this.#slot.kind === "absent" ? 0 : this.#slot.tail.byte - this.#journalFrom.byte;
  }

  /** The stream, soft-deleted ones included, once it is known not to have expired. */
  present(expire: (stream: Stream) => void): Present | undefined {
    if (this.#slot.kind === "absent") return undefined;
    const now = this.deps.now();
    if (this.#slot.record.state !== "gone" && now >= (this.#deadlineMs ?? Infinity)) {
      if (this.#slot.record.lifetime.kind === "ttl" && this.deps.readers() > 0) this.touch();
      else expire(this);
    }
    return this.#slot.kind === "present" ? this.#slot : undefined;
  }

  /** The stream if it is still the one with this id. */
  sameStream(id: string): Present | undefined {
    return this.#slot.kind === "present" && this.#slot.record.id === id ? this.#slot : undefined;
  }

  /** Commits, then follows in memory what was committed. Throws, with nothing changed, when the commit fails. */
  commit(commit: Commit): void {
    const before = this.#slot;
    if (before.kind === "absent") throw new Error("A commit needs a stream.");
    const writerSeq = commit.writerSeq ?? before.writerSeq;
    this.deps.journal.commit({ ...commit, writerSeq });
    const record = commit.record ?? before.record;
    const tail = commit.chunk === undefined ? before.tail : chunkEnd(commit.chunk);
    this.#slot = { kind: "present", record, tail, writerSeq };
    if (commit.chunk !== undefined) {
      this.turns.begin();
      this.#cache.push(commit.chunk);
      this.flushDueMs ??= this.deps.now() + this.deps.settings.flushIntervalMs;
      if (record.retention !== undefined) this.retentionClock.appended();
    }
  }

  /**
   * Moves the first position that can be read forward, and leaves the removal of what nobody reads any more to a
   * task. With the base that the stream has, it follows forks that are gone.
   *
   * @param chunk appended in the same commit, where the two belong together
   */
  trim(base: Position, chunk?: Chunk): void {
    if (this.#slot.kind === "absent") return;
    const { record } = this.#slot;
    const unread = earlier(base, this.deps.journal.keptForForks() ?? base);
    const { id } = record;
    const isAsked = this.deps.journal
      .tasks()
      .some(({ task }) => task.kind === "trim" && task.streamId === id);
    // First what may be lost: a step that fails after the commit would leave memory behind what is stored.
    this.deps.ages.forget(base);
    this.commit({
      ...(chunk === undefined ? {} : { chunk }),
      record: {
        ...record,
        base,
        flushed: later(record.flushed, unread),
        compacted: later(record.compacted, unread),
      },
      task: isAsked ? undefined : { kind: "trim", streamId: id },
    });
    this.#closeBlock();
    this.refreshTasks();
    this.armAlarm();
    this.deps.onChange();
  }

  /** Puts a stream at a path where none is. */
  put(
    record: StreamRecord,
    chunk: Commit["chunk"],
    doneTask: number | undefined,
    producers: readonly ProducerStamp[] = [],
  ): Present {
    this.deps.journal.create(record, chunk, doneTask, producers);
    // What an import has brought to D1 and R2 lies before `flushed`; of others that is where they begin.
    const tail = chunk === undefined ? record.flushed : chunkEnd(chunk);
    const present = { kind: "present", record, tail, writerSeq: record.writerSeq } as const;
    this.#slot = present;
    this.#cache = new TailCache(record.flushed);
    this.#journalFrom = record.flushed;
    this.openBlock = undefined;
    if (chunk !== undefined) this.#cache.push(chunk);
    this.retentionClock.start(record, tail);
    this.#deadlineMs = deadlineMs(record.lifetime, this.deps.now());
    // An empty stream has no bytes to flush, but has to come into the catalogue.
    this.flushDueMs = this.deps.now() + this.deps.settings.flushIntervalMs;
    this.refreshTasks();
    return present;
  }

  /** Takes the stream away and leaves the tasks to be done. */
  clear(floor: Position, tasks: readonly Task[]): void {
    // First what may be lost, as in a trim.
    this.deps.ages.clear();
    this.deps.journal.remove(floor, tasks);
    this.retentionClock.stop();
    this.#slot = { kind: "absent", floor };
    this.#cache = new TailCache(floor);
    this.#journalFrom = floor;
    this.openBlock = undefined;
    this.#deadlineMs = undefined;
    this.flushDueMs = undefined;
    this.leftOver = false;
    this.refreshTasks();
  }

  /**
   * Follows what D1 took: it holds everything before `through`. Only in memory: an object that dies now finds the
   * frames in its journal and sends them again, which changes nothing.
   */
  flushed(through: Position, openBlock: Chunk | undefined): void {
    if (this.#slot.kind === "absent") return;
    // A trim during the flush may have gone further.
    const flushed = later(this.#slot.record.flushed, through);
    this.#slot = { ...this.#slot, record: { ...this.#slot.record, flushed, catalogued: true } };
    this.openBlock = openBlock;
    this.#closeBlock();
  }

  /** A block that begins among what is trimmed or compacted may not be written again. */
  #closeBlock(): void {
    if (this.#slot.kind === "absent") return;
    const { compacted } = this.#slot.record;
    if ((this.openBlock?.start.byte ?? Infinity) < compacted.byte) this.openBlock = undefined;
  }

  /** Lets the journal forget the frames that were sealed up to `sealed`, all of which D1 has. */
  truncate(sealed: Position): void {
    if (this.#slot.kind === "absent") return;
    const { tail, writerSeq } = this.#slot;
    const record = { ...this.#slot.record, writerSeq };
    this.deps.journal.clearSealed(record);
    this.#slot = { ...this.#slot, record };
    this.#journalFrom = sealed;
    this.leftOver = false;
    const { flushBytes, flushIntervalMs } = this.deps.settings;
    const waitMs = this.journalBytes >= flushBytes ? 0 : flushIntervalMs;
    this.flushDueMs = tail.byte > sealed.byte ? this.deps.now() + waitMs : undefined;
  }

  /** Starts the sliding window anew. Costs a row at most ten times a window. */
  touch(): void {
    if (this.#slot.kind === "absent" || this.#slot.record.lifetime.kind !== "ttl") return;
    const { record } = this.#slot;
    const now = this.deps.now();
    this.#deadlineMs = deadlineMs(record.lifetime, now);
    if ((this.#deadlineMs ?? 0) <= (record.deadlineMs ?? 0)) return;
    this.commit({ record: { ...record, deadlineMs: storedDeadlineMs(record.lifetime, now) } });
  }

  /** Forgets the deadline of a stream that only forks still read. */
  keep(): void {
    this.#deadlineMs = undefined;
    this.retentionClock.stop();
  }

  refreshTasks(): void {
    this.#taskDueMs = this.deps.journal.tasks()[0]?.dueMs;
  }

  /** The next time anything is to be done: flush, expiry, retention, a task, or a timer of code above the engine. */
  nextDueMs(): number | undefined {
    const { flushDueMs = Infinity, timerDueMs = Infinity } = this;
    const due = Math.min(
      flushDueMs,
      timerDueMs,
      this.#deadlineMs ?? Infinity,
      this.retentionClock.dueMs ?? Infinity,
      this.#taskDueMs ?? Infinity,
    );
    return due === Infinity ? undefined : due;
  }

  /** Sets the alarm when it would otherwise come too late. Setting it costs a row: it is not moved back. */
  armAlarm(): void {
    const due = this.nextDueMs();
    if (due === undefined) return;
    const now = this.deps.now();
    const at = Math.min(Math.max(due, now), now + ALARM_MS_MAX);
    const lost = this.#alarmMs !== undefined && this.#alarmMs < now - ALARM_LATE_MS_MAX;
    if (this.#alarmMs !== undefined && this.#alarmMs <= at && !lost) return;
    this.deps.setAlarm(at);
    this.#alarmMs = at;
  }

  /** Learns, when the object starts, which alarm an earlier life of it has set: that one is not put off. */
  alarmWaits(atMs: number): void {
    this.#alarmMs = atMs;
  }

  alarmFired(): void {
    this.#alarmMs = undefined;
  }

  #tailOrFloor(): Position {
    return this.#slot.kind === "present" ? this.#slot.tail : this.#slot.floor;
  }
}

/** A stream that answers to its own URL, or the refusal of one that does not. */
export function openStream(stream: Stream, expire: (stream: Stream) => void): Result<Present> {
  const present = stream.present(expire);
  if (present === undefined) {
    return refuse({ code: "stream_not_found", message: "There is no stream at this URL." });
  }
  if (present.record.state === "gone") {
    return refuse({
      code: "stream_deleted",
      message: "This stream was deleted; it is kept only for the forks that read it.",
    });
  }
  return accept(present);
}
