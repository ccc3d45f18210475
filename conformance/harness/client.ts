/**
 * Plain HTTP to the server under test, with every exchange written down.
 *
 * Request targets are sent as they are given: no normalisation of dots, escapes or duplicate parameters. One `Session`
 * belongs to one test; its exchanges are the test's evidence.
 */

import { Readable } from "node:stream";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { Pool } from "undici";
import { showBytes, type Exchange, type HeaderList } from "./exchange.ts";

/** Longer than any server should hold a live request open. */
const ANSWER_TIMEOUT_MS = 100_000;

export type Headers = Readonly<Record<string, string>> | HeaderList;

export interface SendOptions {
  readonly headers?: Headers;
  /** An iterable is sent with chunked transfer coding. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly timeoutMs?: number;
}

export class Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly durationMs: number;

  constructor(status: number, headers: HeaderList, body: Uint8Array, durationMs: number) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.durationMs = durationMs;
  }

  /** The value of a header, whatever its case; several lines are joined as HTTP says. */
  header(name: string): string | undefined {
    const values = this.headers.filter(([n]) => n.toLowerCase() === name.toLowerCase());
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(", ");
  }

  get text(): string {
    return new TextDecoder().decode(this.body);
  }

  /** @throws SyntaxError when the body is no JSON */
  get json(): unknown {
    return JSON.parse(this.text);
  }

  /** `Stream-Next-Offset`, or "" when it is absent. */
  get nextOffset(): string {
    return this.header("Stream-Next-Offset") ?? "";
  }
}

/** What an SSE connection gave until the caller had enough, the server ended it, or time ran out. */
export interface Followed {
  readonly answer: Answer;
  readonly events: readonly EventSourceMessage[];
  readonly ended: "by client" | "by server" | "by timeout" | "by loss";
}

export interface FollowOptions {
  readonly headers?: Headers;
  /** Asked after every event and once when the connection stands. */
  readonly until?: (events: readonly EventSourceMessage[]) => boolean;
  /** Called once with the headers, before any event. */
  readonly onOpen?: () => void;
  readonly timeoutMs?: number;
  /** A connection that is lost in the middle ends what was followed, in place of throwing. */
  readonly lossEnds?: boolean;
}

export class Client {
  readonly #pool: Pool;
  readonly #prefix: string;

  /** @param url where the server's `/v1/stream/` is: an origin, with or without a path */
  constructor(url: string) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    this.#prefix = pathname.replace(/\/$/, "");
  }

  session(): Session {
    return new Session(this.#pool, this.#prefix);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

export class Session {
  readonly exchanges: Exchange[] = [];
  readonly prefix: string;
  readonly #pool: Pool;

  constructor(pool: Pool, prefix: string) {
    this.#pool = pool;
    this.prefix = prefix;
  }

  /**
   * Sends one request and reads its whole answer.
   *
   * @param target path and query as the server's own, e.g. `/v1/stream/a?offset=-1`; the prefix of the URL is added
   * @throws when the connection fails or no whole answer comes in time
   */
  async send(method: string, target: string, options: SendOptions = {}): Promise<Answer> {
    const record = this.#record(method, target, options);
    try {
      const answer = await this.#pool.request({
        method,
        path: this.prefix + target,
        headers: flatten(options.headers),
        body: toBody(options.body),
        signal: AbortSignal.timeout(options.timeoutMs ?? ANSWER_TIMEOUT_MS),
      });
      const body = await answer.body.bytes();
      return record.end(answer.statusCode, answer.headers, body, showBytes(body));
    } catch (error) {
      record.fail(error);
      throw error;
    }
  }

  /** Reads events from a live answer. An answer that is no event stream is read whole and has no events. */
  async follow(target: string, options: FollowOptions = {}): Promise<Followed> {
    const record = this.#record("GET", target, options);
    const timeout = AbortSignal.timeout(options.timeoutMs ?? ANSWER_TIMEOUT_MS);
    const done = new AbortController();
    const events: EventSourceMessage[] = [];
    const chunks: Uint8Array[] = [];
    try {
      const answer = await this.#pool.request({
        method: "GET",
        path: this.prefix + target,
        headers: flatten(options.headers),
        signal: AbortSignal.any([timeout, done.signal]),
      });
      const until = options.until ?? (() => false);
      const isStream = String(answer.headers["content-type"]).startsWith("text/event-stream");
      options.onOpen?.();
      const { lossEnds = false } = options;
      const reading = { isStream, events, chunks, until, timeout, lossEnds };
      const ended = await read(answer.body, reading);
      // What the server does with a connection that the client has left is not this test's concern.
      done.abort();
      const body = Buffer.concat(chunks);
      const whole = record.end(answer.statusCode, answer.headers, body, showBytes(body));
      return { answer: whole, events, ended };
    } catch (error) {
      record.fail(error);
      throw error;
    }
  }

  #record(method: string, target: string, { headers, body }: SendOptions) {
    const startedMs = Date.now();
    const start = performance.now();
    const request = {
      method,
      target: this.prefix + target,
      requestHeaders: toList(headers),
      requestBody: showBody(body),
      startedMs,
    };
    return {
      end: (status: number, raw: RawHeaders, bytes: Uint8Array, responseBody: string): Answer => {
        const durationMs = performance.now() - start;
        const responseHeaders = fromRaw(raw);
        const response = { status, responseHeaders, responseBody, failure: undefined, durationMs };
        this.exchanges.push({ ...request, ...response });
        return new Answer(status, responseHeaders, bytes, durationMs);
      },
      fail: (error: unknown): void => {
        const durationMs = performance.now() - start;
        const response = { status: undefined, responseHeaders: [], responseBody: "", durationMs };
        this.exchanges.push({ ...request, ...response, failure: String(error) });
      },
    };
  }
}

interface Reading {
  readonly isStream: boolean;
  readonly events: EventSourceMessage[];
  readonly chunks: Uint8Array[];
  readonly until: (events: readonly EventSourceMessage[]) => boolean;
  readonly timeout: AbortSignal;
  readonly lossEnds: boolean;
}

async function read(
  body: AsyncIterable<Uint8Array>,
  { isStream, events, chunks, until, timeout, lossEnds }: Reading,
): Promise<Followed["ended"]> {
  let enough = isStream && until(events);
  const parser = createParser({
    onEvent: (event) => {
      if (enough) return;
      events.push(event);
      enough = until(events);
    },
  });
  const decoder = new TextDecoder();
  if (enough) return "by client";
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      if (isStream) parser.feed(decoder.decode(chunk, { stream: true }));
      if (enough) return "by client";
    }
  } catch (error) {
    if (timeout.aborted) return "by timeout";
    if (lossEnds) return "by loss";
    throw error;
  }
  return "by server";
}

type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

function fromRaw(raw: RawHeaders): HeaderList {
  return Object.entries(raw).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => [name, one] as const),
  );
}

function toList(headers: Headers | undefined): HeaderList {
  if (headers === undefined) return [];
  return isList(headers) ? headers : Object.entries(headers);
}

function isList(headers: Headers): headers is HeaderList {
  return Array.isArray(headers);
}

/** A flat list keeps the case, the order and the duplicates of what a test sends. */
function flatten(headers: Headers | undefined): string[] {
  return toList(headers).flat();
}

function toBody(body: SendOptions["body"]) {
  if (body === undefined || typeof body === "string") return body ?? null;
  return body instanceof Uint8Array ? Buffer.from(body) : Readable.from(body);
}

function showBody(body: SendOptions["body"]): string {
  if (body === undefined) return "";
  if (typeof body === "string") return showBytes(new TextEncoder().encode(body));
  return body instanceof Uint8Array ? showBytes(body) : "(sent in chunks)";
}
