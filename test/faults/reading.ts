/** What the fault tests read, and how they wait for what happens in the background. */

import { setTimeout as sleep } from "node:timers/promises";
import { createParser, type EventSourceMessage } from "eventsource-parser";

const POLL_MS = 10;

export interface Content {
  /** 200, or the first status that was not. */
  readonly status: number;
  readonly messages: readonly unknown[];
}

/** All messages of a JSON stream, page after page. */
export async function readMessages(url: string, from = "-1"): Promise<Content> {
  const messages: unknown[] = [];
  for (let offset = from; ;) {
    const answer = await fetch(`${url}?offset=${offset}`);
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return { status: answer.status, messages };
    }
    messages.push(...((await answer.json()) as unknown[]));
    offset = answer.headers.get("Stream-Next-Offset") ?? "";
    if (answer.headers.has("Stream-Up-To-Date")) return { status: 200, messages };
  }
}

/** What an SSE connection to a JSON stream gives until it ends, and where a reader goes on. */
export async function followUntilLoss(url: string) {
  const messages: unknown[] = [];
  let next = "";
  let data: unknown[] = [];
  for (const { event, data: text } of await readEvents(url)) {
    const value: unknown = JSON.parse(text);
    if (event !== "control") {
      data.push(...(value as unknown[]));
      continue;
    }
    messages.push(...data);
    data = [];
    next = (value as { streamNextOffset: string }).streamNextOffset;
  }
  return { messages, next };
}

async function readEvents(url: string): Promise<EventSourceMessage[]> {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const answer = await fetch(url);
  const text = new TextDecoder();
  const reader = answer.body?.getReader();
  for (;;) {
    // A connection that is lost in the middle is an end like another.
    const part = await reader?.read().catch(() => undefined);
    if (part === undefined || part.done) return events;
    parser.feed(text.decode(part.value, { stream: true }));
  }
}

/** The code of a refusal. */
export async function codeOf(answer: Response): Promise<string> {
  const body = (await answer.json()) as { error: { code: string } };
  return body.error.code;
}

/** @throws when it does not become true in time */
export async function eventually(what: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await what())) {
    if (performance.now() > endMs) throw new Error(`It did not happen: ${what.toString()}`);
    await sleep(POLL_MS);
  }
}
