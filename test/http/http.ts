/** Small helpers for tests that speak plain HTTP to a server. */

import { createParser, type EventSourceMessage } from "eventsource-parser";
import { expect, inject } from "vitest";

/** The servers under test, one for each acknowledgement mode. */
export const SERVERS: readonly (readonly [mode: string, url: string])[] = [
  ["journal", inject("servers").journal],
  ["d1", inject("servers").d1],
];

let streams = 0;

/** A URL that no other test uses. */
export function freshUrl(server: string): string {
  streams += 1;
  return `${server}/v1/stream/own/${process.pid}-${Date.now()}-${streams}`;
}

export function put(url: string, type: string, body?: BodyInit, headers = {}): Promise<Response> {
  const init = { method: "PUT", headers: { "Content-Type": type, ...headers } };
  return fetch(url, body === undefined ? init : { ...init, body });
}

export function post(url: string, type: string, body: BodyInit, headers = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "Content-Type": type, ...headers }, body });
}

export function nextOffset(answer: Response): string {
  return answer.headers.get("Stream-Next-Offset") ?? "";
}

/** The headers of a request of producer `p`. */
export const producer = (epoch: number | string, seq: number | string) => ({
  "Producer-Id": "p",
  "Producer-Epoch": String(epoch),
  "Producer-Seq": String(seq),
});

/** The code of an error, whose message must say something. */
export async function codeOf(answer: Response): Promise<unknown> {
  const body = (await answer.json()) as { error: { code: string; message: string } };
  expect(body.error.message).toMatch(/^.{10,}$/);
  return body.error.code;
}

export interface Control {
  readonly streamNextOffset: string;
  readonly upToDate?: boolean;
  readonly streamClosed?: boolean;
}

/**
 * Reads events until `done` says so or the server ends the connection.
 *
 * @returns the events in order
 */
export async function follow(
  url: string,
  done: (events: readonly EventSourceMessage[]) => boolean,
): Promise<EventSourceMessage[]> {
  const abort = new AbortController();
  const answer = await fetch(url, { signal: abort.signal });
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  const reader = answer.body?.getReader();
  for (let ended = reader === undefined; !ended && !done(events);) {
    const part = await reader?.read();
    ended = part?.done ?? true;
    if (part?.value !== undefined) parser.feed(decoder.decode(part.value, { stream: true }));
  }
  abort.abort();
  return events;
}

export function controlOf(event: EventSourceMessage | undefined): Control {
  if (event?.event !== "control") throw new Error("This is no control event.");
  return JSON.parse(event.data) as Control;
}

export function isClosed(events: readonly EventSourceMessage[]): boolean {
  const last = events.at(-1);
  return last?.event === "control" && controlOf(last).streamClosed === true;
}

export function dataOf(events: readonly EventSourceMessage[]): string[] {
  return events.filter((e) => e.event === "data").map((e) => e.data);
}

/**
 * Returns when a long-poll that was sent before is there: what was sent after it has been answered. That may take
 * longer than a long-poll of the common servers does: patient.ts has others.
 */
export async function untilItWaits(url: string): Promise<void> {
  await pause(100);
  for (let i = 0; i < 3; i++) await fetch(url, { method: "HEAD" });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
