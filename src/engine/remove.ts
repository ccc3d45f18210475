/** Delete, expiry and what they leave to be done (§5.4, §4.2 "Soft-delete and lifecycle"). */

import type { IfMatch } from "#protocol/if-match.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { StorageFault, type StoredTask, type Task } from "#storage/contract.ts";
import { refuseMoved } from "./if-match.ts";
import { eraseStored, LATE_MS, removeOrphan, removeTrimmed } from "./reclaim.ts";
import { openStream, type Stream } from "./stream.ts";

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;
// Longer than the intent to fork lasts: a fork that is being made is not asked for.
const RECONCILE_MS_MIN = 120_000;
const RECONCILE_MS_MAX = 86_400_000;
// One run asks so many forks at most: the platform bounds what one alarm may ask.
const RECONCILE_EDGES_MAX = 200;

/**
 * Deletes the stream, or keeps its data out of sight while forks read it.
 *
 * @param ifMatch where the stream must still end; undefined for wherever it does
 */
export function remove(stream: Stream, ifMatch?: IfMatch): Result<undefined> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const refusal = refuseMoved(opened.value.tail, ifMatch);
  if (refusal !== undefined) return refuse(refusal);
  takeAway(stream);
  return accept(undefined);
}

/** Ends a stream whose time has come; to everyone it is as deleted. */
export function expire(stream: Stream): void {
  takeAway(stream);
}

function takeAway(stream: Stream): void {
  const { slot } = stream;
  if (slot.kind === "absent") return;
  if (stream.deps.journal.hasEdges()) {
    const { id } = slot.record;
    const { journal, now } = stream.deps;
    const task = { kind: "reconcile", streamId: id } as const;
    const taskDueMs = now() + RECONCILE_MS_MIN;
    stream.commit({ record: { ...slot.record, state: "gone" }, task, taskDueMs });
    // Written in the same turn, it becomes durable together with the commit.
    journal.addTask({ kind: "unlist", streamId: id }, now());
    stream.keep();
    stream.refreshTasks();
  } else {
    eraseStream(stream);
  }
  stream.armAlarm();
  stream.deps.onChange();
}

function eraseStream(stream: Stream): void {
  const { slot } = stream;
  if (slot.kind === "absent") return;
  const { id, fork, floor } = slot.record;
  const tasks: Task[] = [{ kind: "erase", streamId: id }];
  if (fork !== undefined) {
    const { sourcePath, sourceId } = fork;
    tasks.push({ kind: "release", sourcePath, sourceId, forkId: id });
  }
  // The next stream at this path starts past every offset of this one, so that no saved offset fits both.
  const seq = Math.max(floor.seq, slot.tail.seq + 1);
  const byte = Math.max(floor.byte, slot.tail.byte + 1);
  stream.clear({ seq, byte }, tasks);
}

/**
 * Forgets a fork that reads this stream; the last one takes a soft-deleted stream with it. May be repeated.
 *
 * @param sourceId the incarnation that the fork read; undefined when the fork never learned it
 */
export function releaseFork(stream: Stream, sourceId: string | undefined, forkId: string): void {
  const { slot } = stream;
  if (slot.kind === "absent" || (sourceId !== undefined && slot.record.id !== sourceId)) return;
  const { journal } = stream.deps;
  const keptBefore = journal.keptForForks();
  journal.removeEdge(forkId);
  const { state, base } = slot.record;
  const isHeldBack = keptBefore !== undefined && keptBefore.byte < base.byte;
  if (state === "gone" && !journal.hasEdges()) eraseStream(stream);
  else if (isHeldBack && journal.keptForForks()?.byte !== keptBefore.byte) stream.trim(base);
  stream.armAlarm();
}

/** Whether this object has, is making, or has still to release the fork of an id. Ids are never used again. */
export function holdsFork({ slot, deps }: Stream, forkId: string): boolean {
  if (slot.kind === "present" && slot.record.id === forkId) return true;
  return deps.journal.tasks().some(({ task }) => task.kind === "release" && task.forkId === forkId);
}

/** Does the tasks whose time has come. One that fails is tried again later, each time after a longer pause. */
export async function runTasks(stream: Stream): Promise<void> {
  const { journal, now } = stream.deps;
  for (const stored of journal.tasks()) {
    if (stored.dueMs > now()) continue;
    try {
      const againMs = await runTask(stream, stored);
      if (againMs === undefined) journal.finishTask(stored.id);
      else journal.postponeTask(stored.id, now() + againMs);
    } catch (error) {
      console.warn(`The task ${stored.task.kind} failed and will be tried again.`, error);
      journal.postponeTask(stored.id, now() + retryMs(stored));
    }
  }
  stream.refreshTasks();
}

/** @returns after how long the task is to be done again; undefined when it is done */
async function runTask(stream: Stream, stored: StoredTask): Promise<number | undefined> {
  const { task } = stored;
  switch (task.kind) {
    case "release":
      await stream.deps.peers.release(task.sourcePath, task.sourceId, task.forkId);
      return undefined;
    case "trim":
      await removeTrimmed(stream, task.streamId);
      return undefined;
    case "import":
      // From now on nobody can go on with it: what is half erased must not become a stream.
      stream.deps.journal.replaceTask(stored.id, { kind: "erase", streamId: task.streamId }, 0);
      await erase(stream, task.streamId);
      return undefined;
    case "erase":
      await erase(stream, task.streamId);
      return undefined;
    case "unlist":
      await unlist(stream, task.streamId);
      return undefined;
    case "sweep":
      await sweep(stream, task.streamId, task.key);
      return undefined;
    case "reconcile":
      return reconcile(stream, task.streamId, stored.attempts);
  }
}

/** The compaction may also have come to its end after all, and after what it moved was trimmed. */
async function sweep(stream: Stream, streamId: string, key: string | undefined): Promise<void> {
  if (key === undefined) return eraseUnused(stream, streamId);
  await removeOrphan(stream, streamId, key);
  await removeTrimmed(stream, streamId);
}

/**
 * Asks the forks of a soft-deleted stream whether they are still there. A release can overtake the grant that it
 * takes back, and would leave an edge to nothing: the stream would be kept for ever.
 */
async function reconcile(
  stream: Stream,
  streamId: string,
  attempts: number,
): Promise<number | undefined> {
  const { journal, peers } = stream.deps;
  const edges = stream.sameStream(streamId) === undefined ? [] : journal.edges();
  const first = edges.length === 0 ? 0 : (attempts * RECONCILE_EDGES_MAX) % edges.length;
  for (const { forkPath, forkId } of edges.slice(first, first + RECONCILE_EDGES_MAX)) {
    if (!(await peers.holds(forkPath, forkId))) releaseFork(stream, streamId, forkId);
  }
  if (stream.sameStream(streamId) === undefined) return undefined;
  return Math.min(RECONCILE_MS_MAX, RECONCILE_MS_MIN * 2 ** Math.min(attempts, 10));
}

/** A flush or a compaction that died on its way to D1 may still arrive there: that is looked for once more. */
async function erase(stream: Stream, streamId: string): Promise<void> {
  await eraseUnused(stream, streamId);
  const { journal, now } = stream.deps;
  journal.addTask({ kind: "sweep", streamId, key: undefined }, now() + LATE_MS);
}

/** A flush that began before the end of a stream may still put it into the catalogue. */
async function unlist(stream: Stream, streamId: string): Promise<void> {
  await Promise.allSettled([stream.flushing]);
  await stream.deps.log.unlist(streamId);
}

async function eraseUnused(stream: Stream, streamId: string): Promise<void> {
  if (stream.sameStream(streamId) !== undefined) {
    throw new StorageFault("A stream that is in use is not erased.", "none");
  }
  await eraseStored(stream, streamId);
}

function retryMs({ attempts }: StoredTask): number {
  return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts, 10));
}
