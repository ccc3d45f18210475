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

/** An answer after this part of a long-poll's time has come with its end. */
const TIME_OVER = 0.9;

/**
 * Does something to a stream while a long-poll waits at its tail. Where a busy machine lets the poll's time end before,
 * it is done again with another stream.
 */
export async function actDuringPoll<T>(
  s: Subject,
  create: () => Promise<string>,
  act: (path: string) => Promise<T>,
): Promise<{ path: string; acted: T; answer: Answer }> {
  for (let attempt = 1; ; attempt += 1) {
    const path = await create();
    const poll = await startPoll(s, path, await s.tail(path));
    const acted = await act(path);
    const answer = await poll.answer;
    if (!isTimeOver(s, answer) || attempt === POLLS_MAX) return { path, acted, answer };
  }
}

/** Whether a long-poll has ended because its time was over. */
function isTimeOver({ options }: Subject, { status, durationMs }: Answer): boolean {
  return status === 204 && durationMs >= TIME_OVER * options.longPollTimeoutMs;
}

/** What many long-polls at the tail of one stream are answered when something is appended. */
export async function appendDuringPolls(s: Subject, count: number, body: string) {
  for (let attempt = 1; ; attempt += 1) {
    const path = await s.create();
    const offset = await s.tail(path);
    const polls = await Promise.all(
      Array.from({ length: count }, () => startPoll(s, path, offset)),
    );
    await s.post(path, body);
    const answers = await Promise.all(polls.map(({ answer }) => answer));
    const isLate = answers.some((answer) => isTimeOver(s, answer));
    if (!isLate || attempt === POLLS_MAX) return answers;
  }
}

/** Waits at the tail for what comes. */
export async function pollAtTail(s: Subject, path: string): Promise<Answer> {
  return s.poll(path, await s.tail(path));
}
