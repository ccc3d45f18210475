/** Ways in which tests follow a stream, by long-poll and by SSE. */

import assert from "node:assert/strict";
import type { Answer, Followed } from "../harness/client.ts";
import { pause, type Subject } from "../harness/subject.ts";
import { caughtUp, dataOf, has } from "./check.ts";

/** Follows from `offset` until the client has everything. */
export function catchUp(s: Subject, path: string, offset = "-1"): Promise<Followed> {
  return s.sse(path, offset, { until: caughtUp });
}

/** Follows from the tail until `text` has come, and calls `act` once the connection stands. */
export async function followWhile(
  s: Subject,
  path: string,
  text: string,
  act: () => Promise<unknown>,
) {
  let acting: Promise<unknown> | undefined;
  const until = (events: Followed["events"]): boolean => {
    if (events.length > 0) acting ??= act();
    return has(text)(events);
  };
  const followed = await s.sse(path, await s.tail(path), { until });
  await acting;
  return followed;
}

/** The bytes of base64 events, each decoded by itself as a client must be able to. */
export function decode(followed: Followed): Buffer {
  const parts = dataOf(followed).map((data) => {
    const text = data.replaceAll(/[\r\n]/g, "");
    assert(
      /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
      `No base64: ${text.slice(0, 80)}`,
    );
    return Buffer.from(text, "base64");
  });
  return Buffer.concat(parts);
}

/** A long-poll that is very likely waiting when this returns. */
export async function startPoll(s: Subject, path: string, offset: string) {
  let answered = false;
  const answer = s.poll(path, offset).then((value) => {
    answered = true;
    return value;
  });
  await pause(150);
  return { answer, isAnswered: () => answered };
}

const POLLS_MAX = 3;

/**
 * Appends while a long-poll waits, at the tail unless `offset` says where. Where a busy machine lets the poll's time
 * end before the append, it is done again.
 */
export async function appendDuringPoll(s: Subject, path: string, body: string, offset?: string) {
  for (let attempt = 1; ; attempt += 1) {
    const poll = await startPoll(s, path, offset ?? (await s.tail(path)));
    assert(!poll.isAnswered(), "It did not wait.");
    const appended = await s.post(path, body);
    const isLate = poll.isAnswered() && (await poll.answer).status === 204;
    if (!isLate || attempt === POLLS_MAX) return { appended, answer: await poll.answer };
  }
}

/** Waits at the tail for what comes. */
export async function pollAtTail(s: Subject, path: string): Promise<Answer> {
  return s.poll(path, await s.tail(path));
}
