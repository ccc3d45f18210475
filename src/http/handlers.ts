/** The operations of one stream over HTTP: parse, decide, respond. Runs in the stream's object. */

import { append } from "#engine/append.ts";
import { create } from "#engine/create.ts";
import { describe } from "#engine/describe.ts";
import { openLast } from "#engine/last.ts";
import { openRead, readPage } from "#engine/read.ts";
import { remove } from "#engine/remove.ts";
import type { Stream } from "#engine/stream.ts";
import { trim } from "#engine/trim.ts";
import { longPoll } from "#live/long-poll.ts";
import type { LiveSource } from "#live/source.ts";
import { BUSY } from "#live/room.ts";
import { readHeld, sseBody, type EventEncoder } from "#live/sse.ts";
import { formatCursor } from "#protocol/cursor.ts";
import { payloadBytes } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import { parseStreamPath } from "#protocol/path.ts";
import type { Page } from "#protocol/page.ts";
import type { Result } from "#protocol/refusal.ts";
import { dropBody, withBody } from "./body.ts";
import { METHODS } from "./cors.ts";
import { HeldAnswer } from "./held-answer.ts";
import { parseAppend, parseCreate, parseDelete } from "./parse.ts";
import { parseRead, type ReadQuery } from "./parse-read.ts";
import {
  respondAppended,
  respondCreated,
  respondDeleted,
  respondDescription,
  respondEvents,
  respondNothing,
  respondNow,
  respondPage,
  INVALID_PATH,
  respondRefusal,
  respondTrimmed,
  type PageContext,
} from "./respond.ts";
import { queryOf } from "./target.ts";
import type { Uploads } from "./uploads.ts";

// A page and the body that is made of it are there at the same time.
const COPIES = 2;

export interface LiveSettings {
  readonly cacheScope: "public" | "private";
  readonly longPollTimeoutMs: number;
  readonly sseDurationMs: number;
  readonly sseHeartbeatMs: number;
}

/** A stream with what its live readers need. */
export interface Target {
  readonly stream: Stream;
  readonly uploads: Uploads;
  readonly source: LiveSource;
  readonly encoder: EventEncoder;
  readonly settings: LiveSettings;
}

/** Answers one request for the stream of this object. */
export async function handle(request: Request, target: Target): Promise<Response> {
  switch (request.method) {
    case "GET":
      return handleGet(request, target);
    case "HEAD":
      return handleHead(target);
    case "POST":
      return handlePost(request, target);
    case "PUT":
      return handlePut(request, target);
    case "DELETE":
      return handleDelete(request, target);
    default:
      await dropBody(request);
      return respondRefusal({
        code: "method_not_allowed",
        message: `A stream answers to ${METHODS}.`,
        allow: METHODS,
      });
  }
}

function handlePut(request: Request, { stream, uploads }: Target): Promise<Response> {
  return withBody(request, uploads, async (body) => {
    const url = new URL(request.url);
    // An object that an alarm woke does not know its own name: the path comes with the request.
    const path = parseStreamPath(url.pathname);
    if (path === undefined) return respondRefusal(INVALID_PATH);
    const command = parseCreate(path, request.headers, body);
    if (!command.ok) return respondRefusal(command.refusal);
    const outcome = await create(stream, command.value);
    return outcome.ok ? respondCreated(outcome.value, url) : respondRefusal(outcome.refusal);
  });
}

function handlePost(request: Request, { stream, uploads }: Target): Promise<Response> {
  return withBody(request, uploads, async (body) => {
    const command = parseAppend(request.headers, body);
    if (!command.ok) return respondRefusal(command.refusal);
    const outcome = await append(stream, command.value);
    return outcome.ok ? respondAppended(outcome.value) : respondRefusal(outcome.refusal);
  });
}

async function handleDelete(request: Request, { stream }: Target): Promise<Response> {
  await dropBody(request);
  const command = parseDelete(new URLSearchParams(queryOf(request.url)), request.headers);
  if (!command.ok) return respondRefusal(command.refusal);
  const { before, ifMatch } = command.value;
  if (before !== undefined) {
    const trimmed = await trim(stream, before, ifMatch);
    return trimmed.ok ? respondTrimmed(trimmed.value) : respondRefusal(trimmed.refusal);
  }
  const outcome = remove(stream, ifMatch);
  return outcome.ok ? respondDeleted() : respondRefusal(outcome.refusal);
}

function handleHead({ stream }: Target): Response {
  const outcome = describe(stream);
  if (outcome.ok) return respondDescription(outcome.value);
  const { status, headers } = respondRefusal(outcome.refusal);
  return new Response(null, { status, headers });
}

async function handleGet(request: Request, target: Target): Promise<Response> {
  const query = parseRead(new URLSearchParams(queryOf(request.url)));
  if (!query.ok) return respondRefusal(query.refusal);
  const { last } = query.value;
  const from =
    last === undefined
      ? openRead(target.stream, query.value.from)
      : await openLast(target.stream, last);
  if (!from.ok) return respondRefusal(from.refusal);
  switch (query.value.mode) {
    case "catch-up":
      return catchUp(request, target, query.value, from.value);
    case "long-poll":
      return poll(request, target, query.value, from.value);
    case "sse":
      return follow(target, query.value, from.value);
  }
}

function catchUp(
  request: Request,
  target: Target,
  query: ReadQuery,
  from: Position,
): Promise<Response> {
  const read = () => readPage(target.stream, from, query.bounds);
  return withPage(target, from, read, (page, hold) =>
    query.from.kind === "now" && query.last === undefined
      ? respondNow({ ...page, chunks: [] })
      : respondPage(page, { ...pageContext(request, target, query), hold }),
  );
}

function poll(
  request: Request,
  target: Target,
  query: ReadQuery,
  from: Position,
): Promise<Response> {
  const read = () => longPoll(target.source, from, target.settings.longPollTimeoutMs, query.bounds);
  return withPage(target, from, read, (page, hold) => {
    const cursor = formatCursor(target.source.now(), query.cursor, Math.random());
    if (page.chunks.length === 0) return respondNothing(page, cursor);
    return respondPage(page, { ...pageContext(request, target, query), hold, cursor });
  });
}

/** Reads a page and answers with it, as soon as there is room for both. */
async function withPage(
  { source }: Target,
  from: Position,
  read: () => Promise<Result<Page>>,
  respond: (page: Page, hold: PageContext["hold"]) => Response,
): Promise<Response> {
  const answer = new HeldAnswer(source.room);
  try {
    if (!(await answer.enter(source.bytesAfter(from) * COPIES))) return respondRefusal(BUSY);
    const page = await read();
    if (!page.ok) return respondRefusal(page.refusal);
    // A long-poll was given nothing to hold when it began to wait.
    if (!(await answer.enter(payloadBytes(page.value.chunks)))) return respondRefusal(BUSY);
    return respond(page.value, (body) => answer.send(body));
  } finally {
    answer.endUnsent();
  }
}

async function follow(target: Target, query: ReadQuery, from: Position): Promise<Response> {
  const { settings, source, encoder } = target;
  // The first page is read before the answer begins: what must be refused still can be.
  const first = await readHeld(source, from);
  if (!first.ok) return respondRefusal(first.refusal);
  const body = sseBody(source, encoder, first.value, {
    durationMs: settings.sseDurationMs,
    heartbeatMs: settings.sseHeartbeatMs,
    clientCursor: query.cursor,
    random: Math.random,
  });
  return respondEvents(body, isBinary(first.value.page));
}

function isBinary(page: Page): boolean {
  return page.kind === "bytes";
}

function pageContext(
  request: Request,
  { settings, source }: Target,
  { last }: ReadQuery,
): Omit<PageContext, "hold"> {
  return {
    ifNoneMatch: request.headers.get("If-None-Match"),
    cacheScope: settings.cacheScope,
    nowMs: source.now(),
    dependsOnTail: last !== undefined,
  };
}
