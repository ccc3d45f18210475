/** The clients that read. None of them stops at a close that it has not been told of. */

import { pause } from "../harness/subject.ts";
import type { ReadEvent } from "./history.ts";
import type { Random } from "./random.ts";
import type { Scene } from "./scene.ts";

const START = "-1";
/** About as much as one reader reads in a load of any length: what is read is kept in memory. */
const BYTES_PER_READER = 25_000_000;
const PAUSE_MS = 30;
/** A server that always gives another page must not hold the load. */
const PAGES_MAX = 1_000;
const RUN_BYTES_MAX = 100_000_000;
const FAILURES_MAX = 8;

/** Reads pages from `from` until one says that it is up to date. @returns the bytes read */
export async function readToEnd(
  scene: Scene,
  client: string,
  { run, from }: { readonly run: number; readonly from: string },
): Promise<number> {
  let at = from;
  let bytes = 0;
  let failures = 0;
  for (let pages = 0; pages < PAGES_MAX && failures < FAILURES_MAX; pages++) {
    const read = await scene.recorder.catchUp(scene.stream, { client, run, from: at });
    if (read === undefined) {
      failures += 1;
      await pause(PAUSE_MS * failures);
      continue;
    }
    bytes += read.content.length;
    if (read.upToDate || read.closed || read.next === at || bytes > RUN_BYTES_MAX) break;
    at = read.next;
  }
  return bytes;
}

/** Reads the whole stream again and again. */
export async function readRepeatedly(scene: Scene, client: string): Promise<void> {
  for (let run = 0; !scene.over; run++) {
    const bytes = await readToEnd(scene, client, { run, from: START });
    await rest(scene, bytes);
  }
}

/** Reads to the end from offsets that any client was given. */
export async function readFromAnywhere(
  scene: Scene,
  client: string,
  random: Random,
): Promise<void> {
  for (let run = 0; !scene.over; run++) {
    const from = random.pick(scene.offsets) ?? START;
    const bytes = await readToEnd(scene, client, { run, from });
    await rest(scene, bytes);
  }
}

export async function followByPolling(scene: Scene, client: string): Promise<void> {
  let at = START;
  for (let failures = 0; !scene.over && failures < FAILURES_MAX;) {
    const read = await scene.recorder.poll(scene.stream, { client, run: 0, from: at });
    failures = read === undefined ? failures + 1 : 0;
    if (read?.closed === true) return;
    at = remember(scene, read) ?? at;
    if (read === undefined) await pause(PAUSE_MS);
  }
}

/** Leaves after some events or some time, and goes on where the last control event said. */
export async function followBySse(scene: Scene, client: string, random: Random): Promise<void> {
  let at = START;
  for (let failures = 0; !scene.over && failures < FAILURES_MAX;) {
    const reads = await scene.recorder.sse(scene.stream, {
      client,
      run: 0,
      from: at,
      leaveAfterMs: random.integer(300, 1_500),
      controlsMax: random.integer(1, 40),
    });
    const last = reads.at(-1);
    failures = last === undefined ? failures + 1 : 0;
    if (last?.closed === true) return;
    at = remember(scene, last) ?? at;
  }
}

export async function watchHead(scene: Scene, client: string): Promise<void> {
  while (!scene.over) {
    await scene.recorder.head(scene.stream, client);
    await pause(PAUSE_MS);
  }
}

function rest({ durationMs }: Scene, bytes: number): Promise<void> {
  return pause(PAUSE_MS + (bytes / BYTES_PER_READER) * durationMs);
}

function remember(scene: Scene, read: ReadEvent | undefined): string | undefined {
  if (read !== undefined) scene.offsets.push(read.next);
  return read?.next;
}
