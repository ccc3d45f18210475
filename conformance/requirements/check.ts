/** What tests of requirements look at, each with a message that says what was expected and what came. */

import assert from "node:assert/strict";
import type { EventSourceMessage } from "eventsource-parser";
import type { Answer, Followed } from "../harness/client.ts";
import { PROMPT_MS, type Subject } from "../harness/subject.ts";

export function expectStatus(answer: Answer, ...expected: readonly number[]): void {
  assert(
    expected.includes(answer.status),
    `The status is ${answer.status}; expected ${expected.join(" or ")}.`,
  );
}

/** @param value the header's whole value; without one, any value that is not empty will do */
export function expectHeader(answer: Answer, name: string, value?: string | RegExp): void {
  const actual = answer.header(name);
  const shown = actual === undefined ? "absent" : JSON.stringify(actual);
  if (value === undefined) assert(actual !== undefined && actual !== "", `${name} is ${shown}.`);
  else if (typeof value === "string") {
    assert(actual === value, `${name} is ${shown}; expected ${JSON.stringify(value)}.`);
  } else assert(value.test(actual ?? ""), `${name} is ${shown}; expected ${String(value)}.`);
}

export function expectNoHeader(answer: Answer, name: string): void {
  const actual = answer.header(name);
  assert(actual === undefined, `${name} is ${JSON.stringify(actual)}; expected none.`);
}

export function expectText(answer: Answer, expected: string): void {
  expectStatus(answer, 200);
  assert(
    answer.text === expected,
    `The body is ${brief(answer.text)}; expected ${brief(expected)}.`,
  );
}

export function expectJson(answer: Answer, expected: unknown): void {
  expectStatus(answer, 200);
  assert.deepEqual(answer.json, expected, `The body is ${brief(answer.text)}.`);
}

/** That nothing but the server's own work lay between request and answer. */
export function expectPrompt(answer: Answer): void {
  const { durationMs } = answer;
  assert(
    durationMs < PROMPT_MS,
    `The answer took ${Math.round(durationMs)} ms: it had to wait for nothing.`,
  );
}

/** Compares as the protocol does: by bytes, which for the characters of an offset is by code units. */
export function expectIncreasing(offsets: readonly string[]): void {
  offsets.slice(1).forEach((offset, index) => {
    const before = offsets[index] ?? "";
    assert(
      before < offset,
      `Offset ${offset} does not sort after ${before}, which came before it.`,
    );
  });
}

/** `true` (case-insensitive) in Stream-Up-To-Date or Stream-Closed. */
export function isTrue(answer: Answer, name: "Stream-Up-To-Date" | "Stream-Closed"): boolean {
  return answer.header(name)?.toLowerCase() === "true";
}

/** Reads from `offset` until the server says that this is all, following Stream-Next-Offset. */
export async function readAll(s: Subject, path: string, offset = "-1"): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let next = offset; answers.length < 1_000;) {
    const answer = await s.get(path, { offset: next });
    expectStatus(answer, 200);
    answers.push(answer);
    if (isTrue(answer, "Stream-Up-To-Date")) return answers;
    assert(answer.nextOffset !== next, "A read that is not up to date gave no further offset.");
    next = answer.nextOffset;
  }
  throw new assert.AssertionError({ message: "1,000 reads did not reach the end of the stream." });
}

/** The whole content of a text or byte stream. */
export async function contentOf(s: Subject, path: string, offset = "-1"): Promise<string> {
  const answers = await readAll(s, path, offset);
  return Buffer.concat(answers.map((answer) => answer.body)).toString();
}

export async function messagesOf(s: Subject, path: string, offset = "-1"): Promise<unknown[]> {
  const answers = await readAll(s, path, offset);
  return answers.flatMap((answer) => {
    assert(Array.isArray(answer.json), `The body is ${brief(answer.text)}, no JSON array.`);
    return answer.json as unknown[];
  });
}

export async function expectContent(s: Subject, path: string, expected: string): Promise<void> {
  const actual = await contentOf(s, path);
  assert(actual === expected, `The stream holds ${brief(actual)}; expected ${brief(expected)}.`);
}

export interface Control {
  readonly streamNextOffset?: unknown;
  readonly streamCursor?: unknown;
  readonly upToDate?: unknown;
  readonly streamClosed?: unknown;
}

export function parseControl(event: EventSourceMessage): Control {
  const value: unknown = JSON.parse(event.data);
  assert(typeof value === "object" && value !== null, "A control event is no JSON object.");
  return value;
}

export function controlsOf(followed: Pick<Followed, "events">): Control[] {
  return followed.events.filter((e) => e.event === "control").map(parseControl);
}

export function lastControl(followed: Pick<Followed, "events">): Control {
  const last = controlsOf(followed).at(-1);
  assert(last !== undefined, "No control event came.");
  return last;
}

/** The data of all data events, joined. */
export function dataOf(followed: Pick<Followed, "events">): string[] {
  return followed.events.filter((e) => e.event === "data").map((e) => e.data);
}

/** For `until`: the last event says that the client has everything that there is. */
export function caughtUp(events: readonly EventSourceMessage[]): boolean {
  const last = events.at(-1);
  if (last?.event !== "control") return false;
  const control = parseControl(last);
  return control.upToDate === true || control.streamClosed === true;
}

/** For `until`: data events hold `text`, and the control event behind it has come. */
export function has(text: string): (events: readonly EventSourceMessage[]) => boolean {
  return (events) =>
    events.at(-1)?.event === "control" && dataOf({ events }).join("").includes(text);
}

function brief(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length <= 120 ? shown : `${shown.slice(0, 120)}… (${text.length} characters)`;
}
