/**
 * A proxy in front of a correct server that breaks one rule: a wrong server on purpose.
 *
 * Answers are read whole and changed; event streams pass event by event. A fresh proxy is made for every mutant, so
 * that what one remembers cannot change what another does.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Pool } from "undici";

export interface ProxiedRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ProxiedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends a request of the mutant's own to the server behind the proxy. */
export type Upstream = (request: Partial<ProxiedRequest>) => Promise<ProxiedAnswer>;

/** How one server is wrong. What a mutant does not define passes unchanged. */
export interface Behaviour {
  /** Answers in the server's place; undefined passes the request on. */
  readonly instead?: (
    request: ProxiedRequest,
    upstream: Upstream,
  ) => ProxiedAnswer | undefined | Promise<ProxiedAnswer | undefined>;
  readonly request?: (
    request: ProxiedRequest,
    upstream: Upstream,
  ) => ProxiedRequest | Promise<ProxiedRequest>;
  readonly answer?: (
    answer: ProxiedAnswer,
    request: ProxiedRequest,
    upstream: Upstream,
  ) => ProxiedAnswer | Promise<ProxiedAnswer>;
  /**
   * Makes, for one connection, what changes its server-sent events: text without the blank line; "" drops the event.
   */
  readonly events?: () => (event: string) => string;
  /** Leaves event streams open when the server has ended them. */
  readonly keepsOpen?: boolean;
}

export interface Proxy {
  readonly url: string;
  stop(): Promise<void>;
}

const HOP_BY_HOP = new Set(["connection", "transfer-encoding", "content-length", "keep-alive"]);

/** Starts a proxy on a free loopback port. */
export async function startProxy(target: string, behaviour: Behaviour): Promise<Proxy> {
  const pool = new Pool(target, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const server = createServer((incoming, outgoing) => {
    forward(pool, behaviour, incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The proxy has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pool.destroy();
    },
  };
}

async function forward(
  pool: Pool,
  behaviour: Behaviour,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const left = new AbortController();
  outgoing.once("close", () => left.abort());
  const upstream: Upstream = (request) => exchange(pool, request, left.signal);
  let request = await readRequest(incoming);
  const own = await behaviour.instead?.(request, upstream);
  if (own !== undefined) return respond(outgoing, own);
  request = (await behaviour.request?.(request, upstream)) ?? request;
  const answer = await open(pool, request, left.signal);
  const headers = plain(answer.headers);
  if (headers["content-type"]?.startsWith("text/event-stream") === true) {
    const changed = { status: answer.statusCode, headers, body: Buffer.alloc(0) };
    const head = (await behaviour.answer?.(changed, request, upstream)) ?? changed;
    outgoing.writeHead(head.status, head.headers);
    await relay(answer.body, outgoing, behaviour);
    return;
  }
  const whole = {
    status: answer.statusCode,
    headers,
    body: Buffer.from(await answer.body.bytes()),
  };
  respond(outgoing, (await behaviour.answer?.(whole, request, upstream)) ?? whole);
}

async function relay(
  body: AsyncIterable<Uint8Array>,
  outgoing: ServerResponse,
  { events: change = () => (text) => text, keepsOpen = false }: Behaviour,
): Promise<void> {
  const decoder = new TextDecoder();
  let pending = "";
  const event = change();
  for await (const chunk of body) {
    const events = (pending + decoder.decode(chunk, { stream: true })).split("\n\n");
    pending = events.pop() ?? "";
    const changed = events.map(event).filter((text) => text !== "");
    if (changed.length > 0) outgoing.write(changed.map((text) => `${text}\n\n`).join(""));
  }
  if (!keepsOpen) outgoing.end();
}

async function exchange(
  pool: Pool,
  request: Partial<ProxiedRequest>,
  signal: AbortSignal,
): Promise<ProxiedAnswer> {
  const answer = await open(pool, request, signal);
  const body = Buffer.from(await answer.body.bytes());
  return { status: answer.statusCode, headers: plain(answer.headers), body };
}

function open(pool: Pool, request: Partial<ProxiedRequest>, signal: AbortSignal) {
  const { method = "GET", target = "/", headers = {}, body = Buffer.alloc(0) } = request;
  return pool.request({
    method,
    path: target,
    headers,
    body: body.length > 0 ? body : null,
    signal,
  });
}

async function readRequest(incoming: IncomingMessage): Promise<ProxiedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? "GET",
    target: incoming.url ?? "/",
    headers: plain(incoming.headers),
    body: Buffer.concat(chunks),
  };
}

function respond(outgoing: ServerResponse, { status, headers, body }: ProxiedAnswer): void {
  outgoing.writeHead(status, headers);
  outgoing.end(status === 204 || status === 304 ? undefined : body);
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, [value].flat().join(", ")] as const],
  );
  return Object.fromEntries(entries);
}
