/** The server under test as one test sees it: fresh paths, short calls, and what the caller knows about its timing. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Answer, Followed, FollowOptions, Headers, SendOptions, Session } from "./client.ts";

export interface SubjectOptions {
  /** How long the server lets a long-poll wait, at most. */
  readonly longPollTimeoutMs: number;
  /** How long the server keeps an SSE connection, at most. */
  readonly sseDurationMs: number;
}

export interface WriteOptions extends SendOptions {
  /** Content-Type; null sends none. */
  readonly type?: string | null;
}

export type Query = Readonly<Record<string, string>>;

/** Long enough for an answer that needs no waiting, on a busy machine. */
export const PROMPT_MS = 5_000;

/** No other run uses the same paths, so that a server with old data can be tested. */
const RUN = randomBytes(6).toString("hex");
let streams = 0;

export class Subject {
  readonly session: Session;
  readonly options: SubjectOptions;

  constructor(session: Session, options: SubjectOptions) {
    this.session = session;
    this.options = options;
  }

  /** A path that nothing else uses. */
  path(name = "s"): string {
    streams += 1;
    return `/v1/stream/conformance/${RUN}/${name}-${streams}`;
  }

  put(path: string, options: WriteOptions = {}): Promise<Answer> {
    return this.#write("PUT", path, options);
  }

  post(path: string, body: SendOptions["body"], options: WriteOptions = {}): Promise<Answer> {
    return this.#write("POST", path, body === undefined ? options : { ...options, body });
  }

  get(path: string, query: Query = {}, headers: Headers = {}): Promise<Answer> {
    return this.session.send("GET", withQuery(path, query), { headers });
  }

  head(path: string, headers: Headers = {}): Promise<Answer> {
    return this.session.send("HEAD", path, { headers });
  }

  delete(path: string): Promise<Answer> {
    return this.session.send("DELETE", path);
  }

  close(path: string): Promise<Answer> {
    return this.session.send("POST", path, { headers: { "Stream-Closed": "true" } });
  }

  poll(path: string, offset: string, query: Query = {}): Promise<Answer> {
    const timeoutMs = this.options.longPollTimeoutMs + 10_000;
    const target = withQuery(path, { offset, live: "long-poll", ...query });
    return this.session.send("GET", target, { timeoutMs });
  }

  sse(
    path: string,
    offset: string,
    options: FollowOptions & { query?: Query } = {},
  ): Promise<Followed> {
    const target = withQuery(path, { offset, live: "sse", ...options.query });
    return this.session.follow(target, options);
  }

  /** Creates a stream at a fresh path; its type is text/plain unless given. */
  async create(options: WriteOptions = {}): Promise<string> {
    const path = this.path();
    const answer = await this.put(path, options);
    assert.equal(answer.status, 201, "The stream this test needs could not be created.");
    return path;
  }

  /** Creates a fork of `source` at a fresh path. */
  fork(source: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const from = this.session.prefix + source;
    return this.create({ type: null, headers: { "Stream-Forked-From": from, ...headers } });
  }

  /** The headers of a PUT that forks `source`. */
  forkedFrom(source: string, headers: Readonly<Record<string, string>> = {}) {
    return { "Stream-Forked-From": this.session.prefix + source, ...headers };
  }

  async tail(path: string): Promise<string> {
    const answer = await this.head(path);
    assert.equal(answer.status, 200, "HEAD did not find the stream.");
    return answer.nextOffset;
  }

  #write(method: "PUT" | "POST", path: string, options: WriteOptions): Promise<Answer> {
    const { type = "text/plain", headers = {}, ...rest } = options;
    const given: readonly (readonly [string, string])[] = Array.isArray(headers)
      ? (headers as readonly (readonly [string, string])[])
      : Object.entries(headers);
    const typed = type === null ? given : [["Content-Type", type] as const, ...given];
    return this.session.send(method, path, { ...rest, headers: typed });
  }
}

/** Appends parameters, escaped, in the order given. */
export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams(query).toString();
  return search === "" ? path : `${path}?${search}`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
