/**
 * One story that takes every step of the server: create, append, flush, compaction, fork, close, delete; and, with
 * tidy.ts behind it, expiry, release and erase. Its client is what a careful client is: it repeats a request until it has a definite answer, and
 * every request can be repeated.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { close, post, producer, put, remove } from "./requests.ts";

const APPENDS = 5;
const FILL = "x".repeat(700);
const TRIES_MAX = 400;
const PAUSE_MS = 15;
const TTL_SECONDS = 100;

/** Long enough for a flush to come by the alarm, short enough to be waited for. */
export const STORY_VARIABLES = {
  FLUSH_BYTES: "1024",
  SEGMENT_BYTES: "2048",
  FLUSH_INTERVAL_MS: "40",
};

/** Where the story happens. */
export interface Place {
  /** The URL of a stream. */
  url(path: string): string;
  /** Returns once the server serves; at once when it does. */
  whenUp(): Promise<void>;
}

export class Story {
  readonly #place: Place;
  readonly #paths: { readonly source: string; readonly fork: string; readonly passing: string };
  readonly #problems: string[] = [];

  constructor(place: Place, name: string) {
    this.#place = place;
    this.#paths = { source: `${name}/source`, fork: `${name}/fork`, passing: `${name}/passing` };
  }

  /** Every path that the story touches. */
  get paths(): readonly string[] {
    return Object.values(this.#paths);
  }

  /** @returns what was not as it had to be: nothing when all is well */
  async tell(): Promise<readonly string[]> {
    const { source, fork, passing } = this.#paths;
    const written = ["first"];
    await this.#create(passing, { "Stream-TTL": String(TTL_SECONDS) });
    await this.#create(source, {});
    for (let seq = 0; seq < APPENDS; seq++) {
      written.push(`${seq} ${FILL}`);
      await this.#append(source, `${seq} ${FILL}`, seq);
    }
    await this.#create(fork, { "Stream-Forked-From": `/v1/stream/${source}` });
    const forked = [...written, "first"];
    await this.#append(source, "not the fork's", APPENDS);
    forked.push("the fork's");
    await this.#append(fork, "the fork's", 0);
    await this.#ask("close", fork, [200, 204], close);
    await this.#expect(source, [...written, "not the fork's"], false);
    await this.#expect(fork, forked, true);
    await this.#delete(source);
    await this.#expectStatus(source, 410);
    await this.#expect(fork, forked, true);
    await this.#delete(fork);
    await this.#expectStatus(fork, 404);
    return this.#problems;
  }

  #create(path: string, headers: Record<string, string>): Promise<void> {
    return this.#ask("create", path, [200, 201], (url) => put(url, `["first"]`, headers));
  }

  #append(path: string, message: string, seq: number): Promise<void> {
    const body = JSON.stringify([message]);
    return this.#ask("append", path, [200, 204], (url) => post(url, body, producer(seq)));
  }

  #delete(path: string): Promise<void> {
    // Deleted already, by the request whose answer was lost: 404, or 410 while a fork reads it.
    return this.#ask("delete", path, [204, 404, 410], remove);
  }

  async #expect(path: string, messages: readonly string[], closed: boolean): Promise<void> {
    const read: unknown[] = [];
    for (let offset = "-1"; ;) {
      const answer = await this.#answer(`${path}?offset=${offset}`, (url) => fetch(url));
      if (answer.status !== 200) return this.#report(`${path} was read with ${answer.status}`);
      read.push(...((await answer.json()) as unknown[]));
      offset = answer.headers.get("Stream-Next-Offset") ?? "";
      if (!answer.headers.has("Stream-Up-To-Date")) continue;
      if (answer.headers.has("Stream-Closed") !== closed) this.#report(`${path}: closed ${closed}`);
      break;
    }
    const [found, expected] = [read, messages].map((list) =>
      JSON.stringify(list).replaceAll(FILL, "…"),
    );
    if (found !== expected) this.#report(`${path} holds ${found}, not ${expected}`);
  }

  async #expectStatus(path: string, status: number): Promise<void> {
    const answer = await this.#answer(path, (url) => fetch(url));
    if (answer.status !== status) this.#report(`${path} is ${answer.status}, not ${status}`);
  }

  async #ask(
    what: string,
    path: string,
    statuses: readonly number[],
    send: (url: string) => Promise<Response>,
  ): Promise<void> {
    const answer = await this.#answer(path, send);
    if (statuses.includes(answer.status)) return;
    this.#report(`${what} ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** The first definite answer. */
  async #answer(path: string, send: (url: string) => Promise<Response>): Promise<Response> {
    let last: Response | undefined;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      await this.#place.whenUp();
      last = await send(this.#place.url(path)).catch(() => undefined);
      if (last !== undefined && last.status !== 503) return last;
      await last?.body?.cancel();
      await sleep(PAUSE_MS);
    }
    throw new Error(`${path} has no definite answer: ${last?.status ?? "no connection"}`);
  }

  #report(problem: string): void {
    this.#problems.push(problem);
  }
}
