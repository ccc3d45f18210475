/**
 * From the journal to D1, and from D1 to R2, in the background.
 *
 * Each step may be repeated after a crash at any line: a block is inserted under the position of its first frame,
 * a segment is put under a key that follows from its positions, and the journal lets go of frames only after D1
 * has said that it holds them.
 */

import { chunkEnd, packChunks, payloadBytes, sliceUntil, type Chunk } from "#protocol/frames.ts";
import {
  BLOCK_BYTES_MAX,
  FLUSH_PORTION_BYTES,
  OPEN_BLOCK_BYTES_MAX,
  READ_BYTES_MAX,
} from "#protocol/limits.ts";
import { later, type Position } from "#protocol/offset.ts";
import { StorageFault, type StoredTask } from "#storage/contract.ts";
import { LATE_MS } from "./reclaim.ts";
import type { Present, Stream } from "./stream.ts";

const RETRY_MS = 1_000;

// A burst is left alone while it lasts: to flush in the middle of it would make its appends wait for D1 after all.
const BURST_MS = 100;
const BURST_BYTES_MAX = 16_777_216;

// How long an append waits for room in a journal that is full.
const ROOM_MS = 5_000;

/**
 * Waits for what the acknowledgement mode promises; in mode `journal` that is nothing more than the commit.
 *
 * @throws StorageFault with effect `unknown`, whatever failed: the commit has been made
 */
export async function acknowledge(stream: Stream, id: string): Promise<void> {
  const present = stream.sameStream(id);
  if (present === undefined) return;
  const { settings } = stream.deps;
  if (settings.ackMode === "d1") {
    try {
      if (present.record.flushed.byte < present.tail.byte) stream.flushTurns.join();
      await flushThrough(stream, id, present.tail);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      throw new StorageFault(error.message, "unknown", error.cause);
    }
    startCompaction(stream);
    return;
  }
  const waiting = stream.journalBytes;
  if (waiting === 0) return;
  if (present.record.state === "closed" || waiting >= BURST_BYTES_MAX) startFlush(stream);
  else if (waiting >= settings.flushBytes) flushSoon(stream);
}

/** The alarm stands in for the delay if the object does not live to see its end. */
function flushSoon(stream: Stream): void {
  if (stream.flushingSoon) return;
  stream.flushingSoon = true;
  void background(stream, async () => {
    await stream.deps.delay(BURST_MS);
    stream.flushingSoon = false;
    await flushAndCompact(stream);
  });
}

/** Returns when D1 holds everything before a position. Callers at the same time share one flush. */
export async function flushThrough(stream: Stream, id: string, until: Position): Promise<void> {
  for (;;) {
    const present = stream.sameStream(id);
    if (present === undefined || present.record.flushed.byte >= until.byte) return;
    await runFlush(stream);
  }
}

/**
 * Makes room in a journal that holds as much as it may, and waits a little for it.
 *
 * @returns whether there is room now; if not, D1 is down or slower than the appends
 */
export async function makeRoom(stream: Stream): Promise<boolean> {
  const { delay, now, settings } = stream.deps;
  const untilMs = now() + ROOM_MS;
  const isFull = () => stream.journalBytes >= settings.journalBytesMax;
  const { journalFrom } = stream;
  await Promise.race([background(stream, () => runFlush(stream)), delay(ROOM_MS)]);
  // The flush that was under way may have been of what was sealed before; one that moved nothing has failed.
  if (isFull() && now() < untilMs && stream.journalFrom.byte > journalFrom.byte) {
    await Promise.race([background(stream, () => runFlush(stream)), delay(untilMs - now())]);
  }
  return !isFull();
}

/** Flushes and compacts without anybody waiting for it; a failure is retried by the alarm. */
export function startFlush(stream: Stream): void {
  void background(stream, () => flushAndCompact(stream));
}

/** Brings the journal to D1, and what that makes too much there to R2. */
export async function flushAndCompact(stream: Stream): Promise<void> {
  await runFlush(stream);
  await runCompaction(stream);
}

function startCompaction(stream: Stream): void {
  void background(stream, () => runCompaction(stream));
}

/** Runs a step whose failure is no answer's: the stores' own failures are retried, others are bugs and surface. */
export async function background(stream: Stream, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof StorageFault)) throw error;
    console.warn(`${error.message} Retrying.`, error.cause);
    stream.flushDueMs = stream.deps.now() + RETRY_MS;
    stream.armAlarm();
  }
}

/** One flush at a time: whoever asks during one waits for it. */
export function runFlush(stream: Stream): Promise<void> {
  stream.flushing ??= flushNext(stream).finally(() => {
    stream.flushing = undefined;
  });
  return stream.flushing;
}

async function flushNext(stream: Stream): Promise<void> {
  if (stream.deps.settings.ackMode === "journal") return flushOnce(stream);
  await stream.flushTurns.gather();
  await stream.flushTurns.run(() => flushOnce(stream));
}

async function flushOnce(stream: Stream): Promise<void> {
  const { slot } = stream;
  if (slot.kind === "absent") {
    // A flush that failed after the stream was deleted has asked to be repeated.
    stream.flushDueMs = undefined;
    return;
  }
  const { id } = slot.record;
  if (!truncates(stream, slot)) return send(stream, id, slot.tail);
  const sealed = stream.deps.journal.seal();
  if (sealed === undefined) {
    // Before the wait: an append, or another stream, may come during it.
    stream.flushDueMs = undefined;
    await enlist(stream, slot);
    return;
  }
  await send(stream, id, sealed);
  // Deleted meanwhile: the journal holds nothing of it any more, or another stream's frames.
  if (stream.sameStream(id) !== undefined) stream.truncate(sealed);
}

/** Puts a stream into the catalogue that has nothing to flush. */
async function enlist(stream: Stream, { record }: Present): Promise<void> {
  if (record.catalogued || record.state === "gone") return;
  await stream.deps.log.insert(record, []);
  const now = stream.sameStream(record.id);
  if (now !== undefined) stream.commit({ record: { ...now.record, catalogued: true } });
}

/**
 * Whether a flush ends with a shorter journal. Where every append waits for D1 it does not always: to truncate is
 * one more commit, which the append would wait for.
 */
function truncates(stream: Stream, { record }: Present): boolean {
  const { ackMode, flushBytes } = stream.deps.settings;
  return (
    ackMode === "journal" ||
    record.state === "closed" ||
    stream.journalBytes >= flushBytes ||
    stream.deps.now() >= (stream.flushDueMs ?? Infinity)
  );
}

/** Brings D1 up to a position, in portions that fit into memory. */
async function send(stream: Stream, id: string, until: Position): Promise<void> {
  for (;;) {
    const present = stream.sameStream(id);
    if (present === undefined || present.record.flushed.byte >= until.byte) return;
    const chunks = readUnflushed(stream, present.record.flushed);
    const { openBlock } = stream;
    const bytes = (openBlock?.payload.length ?? 0) + payloadBytes(chunks);
    const joined =
      openBlock !== undefined && bytes <= OPEN_BLOCK_BYTES_MAX ? [openBlock, ...chunks] : chunks;
    const blocks = packChunks(joined, BLOCK_BYTES_MAX);
    const last = blocks.at(-1);
    if (last === undefined || chunks.length === 0)
      throw new Error("The journal lacks frames that it committed.");
    await stream.deps.log.insert(present.record, blocks);
    if (stream.sameStream(id) === undefined) return;
    stream.flushed(chunkEnd(last), last.payload.length < OPEN_BLOCK_BYTES_MAX ? last : undefined);
  }
}

function readUnflushed(stream: Stream, from: Position): Chunk[] {
  const { cache } = stream;
  return from.byte >= cache.start.byte
    ? cache.read(from, "bytes", FLUSH_PORTION_BYTES)
    : stream.deps.journal.read(from, "bytes", FLUSH_PORTION_BYTES);
}

/** One compaction at a time. */
export function runCompaction(stream: Stream): Promise<void> {
  stream.compacting ??= compactAll(stream).finally(() => {
    stream.compacting = undefined;
  });
  return stream.compacting;
}

async function compactAll(stream: Stream): Promise<void> {
  for (;;) {
    if (stream.removing !== undefined) await Promise.allSettled([stream.removing]);
    const { slot } = stream;
    if (slot.kind === "absent") return;
    const { flushed, compacted } = slot.record;
    if (flushed.byte - compacted.byte < stream.deps.settings.segmentBytes) return;
    if (!(await compactOnce(stream, slot))) return;
  }
}

/** Moves the oldest blocks into one segment: put the object, then exchange the rows in one transaction. */
async function compactOnce(stream: Stream, { record }: Present): Promise<boolean> {
  const { log, segments, settings } = stream.deps;
  const { id, compacted, flushed } = record;
  // A crash may have left the segment done and the record behind.
  let segment = await log.segmentAt(id, compacted);
  if (segment === undefined) {
    const ends = await log.blockEnds(id, compacted, settings.segmentBytes);
    const until = ends.findLast((end) => end.byte <= flushed.byte);
    if (until === undefined) return false;
    // The block may not be made longer while its frames move.
    stream.openBlock = undefined;
    const [first, ...rest] = await readRange(stream, record.id, compacted, until);
    if (first === undefined) return false;
    intend(stream, id, segments.keyOf(id, [first, ...rest]));
    segment = await segments.put(id, [first, ...rest]);
    if (stream.sameStream(id) === undefined) return false;
    intend(stream, id, segment.key);
    await log.replaceBySegment(id, segment);
  }
  const now = stream.sameStream(id);
  if (now === undefined) return false;
  // A trim meanwhile may have gone further.
  stream.commit({ record: { ...now.record, compacted: later(now.record.compacted, segment.end) } });
  for (const { id: task } of sweepsOf(stream, segment.key)) stream.deps.journal.finishTask(task);
  stream.refreshTasks();
  return true;
}

/**
 * Notes which object is about to be put: one that a crash leaves without a row is removed later. With every step the
 * time starts anew, for a row may still come as long after the last request as {@link LATE_MS}.
 */
function intend(stream: Stream, streamId: string, key: string): void {
  const { journal, now } = stream.deps;
  const task = { kind: "sweep", streamId, key } as const;
  const [noted] = sweepsOf(stream, key);
  if (noted === undefined) journal.addTask(task, now() + LATE_MS);
  else journal.replaceTask(noted.id, task, now() + LATE_MS);
  stream.refreshTasks();
  stream.armAlarm();
}

function sweepsOf(stream: Stream, key: string): StoredTask[] {
  return stream.deps.journal
    .tasks()
    .filter(({ task }) => task.kind === "sweep" && task.key === key);
}

async function readRange(
  stream: Stream,
  id: string,
  from: Position,
  until: Position,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  let at = from;
  while (at.byte < until.byte) {
    const room = Math.min(READ_BYTES_MAX, until.byte - at.byte);
    // Whole blocks are wanted whatever the kind: a compaction never starts inside a frame.
    const found = await stream.deps.log.read(id, at, "bytes", room);
    const last = found.at(-1);
    if (last === undefined) throw new StorageFault("D1 lacks blocks that it took.", "none");
    chunks.push(...found.flatMap((chunk) => sliceUntil(chunk, until) ?? []));
    at = chunkEnd(last);
  }
  return chunks;
}
