/** What the tests inside workerd do to a stream besides talking HTTP to it. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { onAlarm } from "#engine/alarm.ts";
import { runCompaction, runFlush } from "#engine/flush.ts";
import { Stream, type EngineSettings } from "#engine/stream.ts";
import { concat } from "./content.ts";
import type { StreamObject } from "../../src/stream-object.ts";

const ORIGIN = "http://headwater.test";

/** Sends a request for a stream through the Worker. */
export function call(path: string, init: RequestInit = {}, query = ""): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/v1/stream/${path}${query}`, init);
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Sends a request and reads the whole answer: an object with an unread answer cannot be evicted. */
export async function ask(path: string, init?: RequestInit, query?: string): Promise<Answer> {
  const answer = await call(path, init, query);
  return { status: answer.status, headers: answer.headers, body: await answer.bytes() };
}

export function put(path: string, type: string, body?: BodyInit): Promise<Answer> {
  return ask(path, {
    method: "PUT",
    headers: { "Content-Type": type },
    ...(body === undefined ? {} : { body }),
  });
}

export function post(
  path: string,
  type: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return ask(path, { method: "POST", headers: { "Content-Type": type, ...headers }, body });
}

export function stubOf(path: string): DurableObjectStub<StreamObject> {
  return env.STREAMS.getByName(path);
}

/** Gives every object that starts from now on other settings: small ones bring all tiers into a small test. */
export function tuneStreams(settings: Partial<EngineSettings>): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with the stream that it is called on
  const original = Stream.prototype.refreshTasks;
  const tuned = new WeakSet<Stream>();
  Stream.prototype.refreshTasks = function (this: Stream): void {
    original.call(this);
    // With its constructor only: a test may change them later.
    if (tuned.has(this)) return;
    tuned.add(this);
    // After the earlier ones, so that the last tuning holds.
    Object.assign(this.deps.settings, settings);
    // What an earlier object left is to be flushed after the interval that its own settings said.
    if (this.flushDueMs === undefined || settings.flushIntervalMs === undefined) return;
    this.flushDueMs = this.deps.now() + settings.flushIntervalMs;
  };
}

/** Runs in the object of a path, with the very stream that the object answers from. */
export async function inStream<T>(
  path: string,
  run: (stream: Stream, state: DurableObjectState, object: StreamObject) => T | Promise<T>,
): Promise<T> {
  return runInDurableObject<StreamObject, T>(stubOf(path), async (object, state) => {
    // The object keeps its stream to itself. A HEAD asks the stream whether it is present, and so shows it.
    // oxlint-disable-next-line typescript/unbound-method -- called with the stream that it is called on
    const original = Stream.prototype.present;
    const shown: Stream[] = [];
    Stream.prototype.present = function (this: Stream, expire) {
      shown.push(this);
      return original.call(this, expire);
    };
    // All of a HEAD happens before its first await: no other object's stream comes between.
    const answer = object.fetch(new Request(`${ORIGIN}/v1/stream/${path}`, { method: "HEAD" }));
    Stream.prototype.present = original;
    await (await answer).body?.cancel();
    const [found] = shown;
    if (found === undefined) throw new Error("The object showed no stream.");
    return run(found, state, object);
  });
}

export function flush(path: string): Promise<void> {
  return inStream(path, runFlush);
}

/** Waits for the flush that is under way, however it ends: it may have been refused what D1 would take by now. */
export function letFlushEnd(path: string): Promise<void> {
  return inStream(path, async ({ flushing }) => void (await Promise.allSettled([flushing])));
}

/** Flushes, then compacts down to segments of a given size. */
export function compact(path: string, segmentBytes = 1): Promise<void> {
  return inStream(path, async (stream) => {
    await runFlush(stream);
    // One that is under way goes by the old size.
    await stream.compacting;
    const { settings } = stream.deps;
    const before = settings.segmentBytes;
    Object.assign(settings, { segmentBytes });
    await runCompaction(stream);
    Object.assign(settings, { segmentBytes: before });
  });
}

/** Lets an object's clock go before by some milliseconds, until it is restarted. Its alarm knows nothing of it. */
export function shiftClock(path: string, ms: number): Promise<void> {
  return inStream(path, ({ deps }) => void Object.assign(deps, { now: () => Date.now() + ms }));
}

/** Does what is due, as the object's alarm does. */
export function wake(path: string): Promise<void> {
  return inStream(path, onAlarm);
}

/** Takes the object out of memory: what it knows from now on, it has read from its storage. */
export async function restart(path: string): Promise<void> {
  await runInDurableObject(stubOf(path), () => undefined);
  await evictDurableObject(stubOf(path));
}

interface Counts {
  readonly due: number;
  readonly all: number;
}

/**
 * Delivers the tasks of the objects until none is due in any. Answers how many are left for later. Sweeps, and the
 * question for its forks that a soft-deleted stream has, do not count: they are always for later.
 */
export async function settle(paths: readonly string[]): Promise<number> {
  let quiet = 0;
  for (let round = 0; round < 100; round++) {
    let due = 0;
    let all = 0;
    for (const path of paths) {
      const counts = await runInDurableObject(stubOf(path), (_, state) => countTasks(state));
      due += counts.due;
      all += counts.all;
      if (counts.due > 0) await runDurableObjectAlarm(stubOf(path));
    }
    // Alarms also come by themselves, and one may give a task to an object that was counted already. In each round a
    // task can slip by one object only.
    quiet = due === 0 ? quiet + 1 : 0;
    if (quiet > paths.length) return all;
  }
  throw new Error("Tasks do not come to an end.");
}

function countTasks({ storage }: DurableObjectState): Counts {
  return storage.sql
    .exec<{
      due: number;
      all: number;
    }>(
      `SELECT ifnull(sum(due_ms <= ?), 0) AS due, count(*) AS "all" FROM tasks
       WHERE task ->> 'kind' NOT IN ('sweep', 'reconcile')`,
      Date.now(),
    )
    .one();
}

/** How many rows of D1 hold only what neither the stream of a path nor one of its forks can read any more. */
export async function trimmedRows(path: string): Promise<number> {
  const found = await runInDurableObject(stubOf(path), (_, { storage }) =>
    storage.sql
      .exec<{ id: string | null; until: number }>(
        `SELECT value ->> '$.record.id' AS id,
           min(value ->> '$.record.base.byte', ifnull((SELECT min(kept_byte) FROM edges), 9e15)) AS until
         FROM slot`,
      )
      .toArray(),
  );
  const [stream] = found;
  if (stream === undefined || stream.id === null) return 0;
  const rows = await env.DB.prepare(
    `SELECT (SELECT count(*) FROM blocks WHERE stream_id = ?1 AND end <= ?2)
       + (SELECT count(*) FROM segments WHERE stream_id = ?1 AND end <= ?2) AS n`,
  )
    .bind(stream.id, stream.until)
    .first<number>("n");
  return rows ?? -1;
}

/** Reads from an offset on until the answer says that it is up to date. */
export async function readAll(path: string, offset = "-1"): Promise<Uint8Array[]> {
  const bodies: Uint8Array[] = [];
  for (let at = offset; ;) {
    const answer = await ask(path, {}, `?offset=${at}`);
    if (answer.status !== 200) throw new Error(`A read was answered ${answer.status}.`);
    bodies.push(answer.body);
    if (answer.headers.has("Stream-Up-To-Date")) return bodies;
    at = nextOffset(answer);
  }
}

/** All bytes of a byte stream from an offset on. */
export async function readBytes(path: string, offset = "-1"): Promise<Uint8Array> {
  return concat(await readAll(path, offset));
}

export function nextOffset({ headers }: { headers: Headers }): string {
  const offset = headers.get("Stream-Next-Offset");
  if (offset === null) throw new Error("The answer names no next offset.");
  return offset;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The code of an error's body. */
export function codeOf(body: Uint8Array): string {
  const { error } = JSON.parse(new TextDecoder().decode(body)) as { error: { code: string } };
  return error.code;
}
