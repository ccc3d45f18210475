/** Making streams and filling them, before anything is measured. */

import { Connection, headerOf } from "./connection.ts";

const BATCH_MESSAGES = 1_000;

let streams = 0;

/** A stream's name that no other run uses. */
export function freshName(): string {
  streams += 1;
  return `perf/${process.pid}-${Date.now().toString(36)}-${streams}`;
}

export function streamPath(name: string): string {
  return `/v1/stream/${name}`;
}

export async function createStream(
  connection: Connection,
  name: string,
  contentType: string,
): Promise<void> {
  const headers = { "Content-Type": contentType };
  await connection.send({ method: "PUT", path: streamPath(name), headers });
}

/** A JSON message of about 100 bytes. */
export function message(n: number): string {
  return JSON.stringify({ n, type: "insert", key: "users/1", value: "x".repeat(52) }).padEnd(100);
}

/** Appends messages from number `from` on, a thousand in one request. */
export async function fillJson(
  connection: Connection,
  name: string,
  from: number,
  count: number,
): Promise<void> {
  for (let n = from; n < from + count; n += BATCH_MESSAGES) {
    const length = Math.min(BATCH_MESSAGES, from + count - n);
    const batch = Array.from({ length }, (_, i) => message(n + i));
    const headers = { "Content-Type": "application/json" };
    const body = `[${batch.join(",")}]`;
    await connection.send({ method: "POST", path: streamPath(name), headers, body });
  }
}

/** Appends a piece again and again. */
export async function fillBytes(
  connection: Connection,
  name: string,
  piece: Uint8Array,
  times: number,
): Promise<void> {
  const headers = { "Content-Type": "application/octet-stream" };
  for (let i = 0; i < times; i++) {
    await connection.send({ method: "POST", path: streamPath(name), headers, body: piece });
  }
}

/** Reads from an offset until the server says that there is no more. */
export async function readAll(connection: Connection, name: string) {
  let offset = "-1";
  let bytes = 0;
  let firstByteMs = 0;
  const startMs = performance.now();
  for (;;) {
    const path = `${streamPath(name)}?offset=${offset}`;
    const answer = await connection.send({ method: "GET", path });
    if (bytes === 0) firstByteMs = answer.firstByteMs;
    bytes += answer.bytes;
    offset = headerOf(answer, "Stream-Next-Offset");
    if (headerOf(answer, "Stream-Up-To-Date") === "true") break;
  }
  return { bytes, firstByteMs, durationMs: performance.now() - startMs };
}

export async function tailOf(connection: Connection, name: string): Promise<string> {
  const answer = await connection.send({ method: "HEAD", path: streamPath(name) });
  return headerOf(answer, "Stream-Next-Offset");
}
