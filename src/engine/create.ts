/** Create (§5.1) and fork (§4.2): a PUT that creates or finds what it describes. */

import { parseFrames } from "#protocol/body.ts";
import { DEFAULT_CONTENT_TYPE, mediaType, streamKind } from "#protocol/content-type.ts";
import { sameLifetime, storedDeadlineMs, type Lifetime } from "#protocol/expiry.ts";
import { chunkOf } from "#protocol/frames.ts";
import { comparePositions, type Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import { sameRetention, type Retention } from "#protocol/retention.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import { StorageFault, type StreamRecord } from "#storage/contract.ts";
import { acknowledge } from "./flush.ts";
import type { ForkGrant } from "./peers.ts";
import { expire } from "./remove.ts";
import type { Present, Stream } from "./stream.ts";

export interface CreateCommand {
  readonly path: StreamPath;
  readonly contentType: string | undefined;
  readonly lifetime: Lifetime;
  readonly retention: Retention | undefined;
  readonly closed: boolean;
  readonly body: Uint8Array;
  readonly fork: ForkCommand | undefined;
}

export interface ForkCommand {
  readonly sourcePath: StreamPath;
  /** Undefined forks at the source's tail. */
  readonly anchor: Position | undefined;
  readonly subOffset: number;
}

export interface Created {
  readonly created: boolean;
  readonly contentType: string;
  readonly tail: Position;
  readonly closed: boolean;
  readonly retention: Retention | undefined;
}

// A fork is granted within seconds. An intent older than this was left by a crash.
const FORK_INTENT_MS = 60_000;

/** Creates the stream, or says whether the one that is there is the one described. */
export async function create(stream: Stream, command: CreateCommand): Promise<Result<Created>> {
  const existing = stream.present(expire);
  if (existing !== undefined) return answerExisting(stream, existing, command);
  if (command.fork !== undefined) return createFork(stream, command, command.fork);

  const contentType = command.contentType ?? DEFAULT_CONTENT_TYPE;
  const base = floorOf(stream);
  return putStream(stream, command, undefined, {
    id: stream.deps.newId(),
    contentType,
    lifetime: command.lifetime,
    base,
    origin: base,
    lineage: [],
    fork: undefined,
  });
}

/** Where the first stream at a path begins, or the next one after those that were there. */
export function floorOf({ slot }: Stream): Position {
  return slot.kind === "absent" ? slot.floor : slot.record.floor;
}

async function answerExisting(
  stream: Stream,
  { record, tail }: Present,
  command: CreateCommand,
): Promise<Result<Created>> {
  const refusal = decideExisting(record, command);
  if (refusal !== undefined) return refuse(refusal);
  // A client that repeats a creation whose outcome it does not know is promised as much as by the first answer.
  await acknowledge(stream, record.id);
  const { contentType, state, retention } = record;
  return accept({ created: false, contentType, tail, closed: state === "closed", retention });
}

/** Whether a PUT describes the stream that is there; the refusal when it does not. */
export function decideExisting(record: StreamRecord, command: CreateCommand): Refusal | undefined {
  if (record.state === "gone") {
    return {
      code: "path_blocked",
      message: "A deleted stream at this path is kept for the forks that read it.",
    };
  }
  const differing = [
    sameContentType(record, command) ? [] : ["content type"],
    sameLifetime(record.requestedLifetime, command.lifetime) ? [] : ["TTL or expiry"],
    sameRetention(record.retention, command.retention) ? [] : ["retention"],
    (record.state === "closed") === command.closed ? [] : ["closure"],
    sameFork(record, command.fork) ? [] : ["fork source or offset"],
  ].flat();
  if (differing.length === 0) return undefined;
  return {
    code: "stream_exists",
    message: `A stream exists at this path, and differs in: ${differing.join(", ")}.`,
  };
}

function sameContentType(record: StreamRecord, { contentType, fork }: CreateCommand): boolean {
  if (contentType === undefined && fork !== undefined) return true;
  return mediaType(contentType ?? DEFAULT_CONTENT_TYPE) === mediaType(record.contentType);
}

function sameFork({ fork }: StreamRecord, command: ForkCommand | undefined): boolean {
  if (fork === undefined || command === undefined)
    return fork === undefined && command === undefined;
  if (fork.sourcePath !== command.sourcePath || fork.subOffset !== command.subOffset) return false;
  // An omitted offset was resolved when the fork was made: leaving it out again describes the same fork.
  return command.anchor === undefined || comparePositions(command.anchor, fork.anchor) === 0;
}

async function createFork(
  stream: Stream,
  command: CreateCommand,
  fork: ForkCommand,
): Promise<Result<Created>> {
  const { journal, peers, now, newId } = stream.deps;
  const id = newId();
  const { sourcePath, subOffset } = fork;
  const intent = { kind: "release", sourcePath, sourceId: undefined, forkId: id } as const;
  const task = journal.addTask(intent, now() + FORK_INTENT_MS);
  stream.refreshTasks();
  stream.armAlarm();
  const granted = await peers.acquire(sourcePath, {
    forkId: id,
    forkPath: command.path,
    contentType: command.contentType,
    anchor: fork.anchor,
    subOffset,
  });
  if (!granted.ok) {
    journal.finishTask(task);
    stream.refreshTasks();
    return granted;
  }
  const left = journal.tasks().find((t) => t.id === task);
  if (left === undefined || left.attempts > 0 || left.dueMs <= now()) {
    // The alarm has released, or is releasing, what the source granted only then: it is released once more.
    journal.addTask({ ...intent, sourceId: granted.value.sourceId }, now());
    stream.refreshTasks();
    stream.armAlarm();
    throw new StorageFault("The source took too long to answer; the fork was given up.", "none");
  }
  const existing = stream.present(expire);
  const result =
    existing === undefined
      ? await putStream(stream, command, task, forkRecord(id, command, fork, granted.value))
      : await answerExisting(stream, existing, command);
  if (!result.ok || !result.value.created) giveBack(stream, task);
  return result;
}

function forkRecord(
  id: string,
  command: CreateCommand,
  { sourcePath, subOffset }: ForkCommand,
  grant: ForkGrant,
): NewRecord {
  const { sourceId, contentType, lifetime, base, point, lineage, anchor } = grant;
  return {
    id,
    // The same media type as the source's, as the request spells it.
    contentType: command.contentType ?? contentType,
    lifetime: command.lifetime.kind === "forever" ? lifetime : command.lifetime,
    base,
    origin: point,
    lineage,
    fork: { sourcePath, sourceId, anchor, subOffset },
  };
}

/** Releases, as soon as the alarm comes round, a fork that was granted and not made. */
function giveBack(stream: Stream, task: number): void {
  stream.deps.journal.postponeTask(task, stream.deps.now());
  stream.refreshTasks();
  stream.armAlarm();
}

/** What is to be known of a stream before it is described whole. */
export type NewRecord = Pick<
  StreamRecord,
  "id" | "contentType" | "lifetime" | "base" | "origin" | "lineage" | "fork"
>;

type RecordRequest = Pick<CreateCommand, "path" | "lifetime" | "retention" | "closed">;

/** The record of a stream that is made now. */
export function makeRecord(
  stream: Stream,
  { path, lifetime, retention, closed }: RecordRequest,
  fields: NewRecord,
): StreamRecord {
  const now = stream.deps.now();
  return {
    ...fields,
    path,
    kind: streamKind(fields.contentType),
    floor: floorOf(stream),
    createdAtMs: now,
    requestedLifetime: lifetime,
    retention,
    deadlineMs: storedDeadlineMs(fields.lifetime, now),
    state: closed ? "closed" : "open",
    closedBy: undefined,
    flushed: fields.origin,
    compacted: fields.origin,
    writerSeq: undefined,
    catalogued: false,
  };
}

async function putStream(
  stream: Stream,
  command: CreateCommand,
  doneTask: number | undefined,
  fields: NewRecord,
): Promise<Result<Created>> {
  const parsed = parseFrames(command.body, streamKind(fields.contentType));
  if (!parsed.ok) return parsed;
  const record = makeRecord(stream, command, fields);
  const chunk = parsed.value.length === 0 ? undefined : chunkOf(fields.origin, parsed.value);
  const { tail } = stream.put(record, chunk, doneTask);
  stream.armAlarm();
  await acknowledge(stream, record.id);
  return accept({
    created: true,
    contentType: record.contentType,
    tail,
    closed: command.closed,
    retention: record.retention,
  });
}
