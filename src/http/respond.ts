/** From outcomes to responses: the only place that writes statuses and headers. */

import type { Appended } from "#engine/append.ts";
import type { Created } from "#engine/create.ts";
import type { Description } from "#engine/describe.ts";
import { formatEtag, matchesEtag } from "#protocol/etag.ts";
import { deadlineMs, type Lifetime } from "#protocol/expiry.ts";
import { formatBody } from "#protocol/frames.ts";
import { HEADER } from "#protocol/names.ts";
import { formatOffset } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import type { ProducerState } from "#protocol/producer.ts";
import type { Refusal } from "#protocol/refusal.ts";
import { BROWSER_HEADERS } from "./cors.ts";
import { STATUS } from "./status.ts";

type HeaderMap = Record<string, string>;

const NO_STORE: HeaderMap = { "Cache-Control": "no-store" };

const MAX_AGE_SECONDS = 60;
const STALE_SECONDS = 300;

export const INVALID_PATH: Refusal = {
  code: "invalid_path",
  message:
    "A stream's path has no empty, . or .. segments and no control characters, and is at most 1,024 bytes of UTF-8.",
};

/** A refusal as status, headers and `{"error":{"code","message"}}`. */
export function respondRefusal(refusal: Refusal): Response {
  const { code, message } = refusal;
  const headers = {
    ...BROWSER_HEADERS,
    ...NO_STORE,
    "Content-Type": "application/json",
    ...refusalHeaders(refusal),
  };
  const body = JSON.stringify({ error: { code, message } });
  return new Response(body, { status: STATUS[code], headers });
}

function refusalHeaders(refusal: Refusal): HeaderMap {
  switch (refusal.code) {
    case "method_not_allowed":
      return { Allow: refusal.allow };
    case "stream_closed":
      return { [HEADER.closed]: "true", [HEADER.nextOffset]: formatOffset(refusal.tail) };
    case "producer_fenced":
      return { [HEADER.producerEpoch]: String(refusal.epoch) };
    case "producer_gap":
      return {
        [HEADER.producerExpectedSeq]: String(refusal.expectedSeq),
        [HEADER.producerReceivedSeq]: String(refusal.receivedSeq),
      };
    case "offset_gone":
      return { [HEADER.earliestOffset]: formatOffset(refusal.earliest) };
    case "unavailable":
    case "outcome_unknown":
      return { "Retry-After": String(refusal.retryAfterSeconds) };
    default:
      return {};
  }
}

/** 201 with the stream's URL, or 200 for the stream that was there. */
export function respondCreated(outcome: Created, url: URL): Response {
  const headers = {
    ...BROWSER_HEADERS,
    ...NO_STORE,
    "Content-Type": outcome.contentType,
    [HEADER.nextOffset]: formatOffset(outcome.tail),
    ...closedHeader(outcome.closed),
    ...(outcome.created ? { Location: url.origin + url.pathname } : {}),
  };
  return new Response(null, { status: outcome.created ? 201 : 200, headers });
}

/** 200 for new data of a producer, 204 for everything else that succeeded. */
export function respondAppended(outcome: Appended): Response {
  const { kind, producer, tail, closed } = outcome;
  const headers = {
    ...BROWSER_HEADERS,
    ...NO_STORE,
    [HEADER.nextOffset]: formatOffset(tail),
    ...closedHeader(closed),
    ...producerHeaders(producer),
  };
  const status = kind === "appended" && producer !== undefined ? 200 : 204;
  return new Response(null, { status, headers });
}

export function respondDeleted(): Response {
  return new Response(null, { status: 204, headers: { ...BROWSER_HEADERS, ...NO_STORE } });
}

export function respondDescription(description: Description): Response {
  const { contentType, tail, lifetime, closed } = description;
  const headers = {
    ...BROWSER_HEADERS,
    ...NO_STORE,
    "Content-Type": contentType,
    [HEADER.nextOffset]: formatOffset(tail),
    ...closedHeader(closed),
    ...lifetimeHeaders(lifetime),
  };
  return new Response(null, { status: 200, headers });
}

/** `offset=now` without waiting: nothing, and where the tail is. Has no ETag (§10.1). */
export function respondNow(page: Page): Response {
  const headers = { ...pageHeaders(page), ...NO_STORE };
  return new Response(formatBody([], page.kind), { status: 200, headers });
}

export interface PageContext {
  readonly ifNoneMatch: string | null;
  readonly cacheScope: "public" | "private";
  readonly nowMs: number;
  /** Live answers carry one. */
  readonly cursor?: string;
}

/** A page as 200, or 304 when the client has it. */
export function respondPage(page: Page, context: PageContext): Response {
  const etag = formatEtag(page.streamId, page.from, page.next, page.closed);
  const headers: HeaderMap = {
    ...pageHeaders(page),
    "Cache-Control": cacheControl(page, context),
    ETag: etag,
    ...(context.cursor === undefined ? {} : { [HEADER.cursor]: context.cursor }),
  };
  if (matchesEtag(context.ifNoneMatch, etag)) {
    delete headers["Content-Type"];
    return new Response(null, { status: 304, headers });
  }
  return new Response(formatBody(page.chunks, page.kind), { status: 200, headers });
}

/** A long-poll that found nothing: the time was over, or the stream is. Never cached. */
export function respondNothing(page: Page, cursor: string): Response {
  const headers: HeaderMap = {
    ...pageHeaders(page),
    ...NO_STORE,
    ...(page.closed ? {} : { [HEADER.cursor]: cursor }),
  };
  delete headers["Content-Type"];
  return new Response(null, { status: 204, headers });
}

export function respondEvents(body: ReadableStream<Uint8Array>, base64: boolean): Response {
  const headers = {
    ...BROWSER_HEADERS,
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    ...(base64 ? { [HEADER.sseDataEncoding]: "base64" } : {}),
  };
  return new Response(body, { status: 200, headers });
}

function pageHeaders(page: Page): HeaderMap {
  return {
    ...BROWSER_HEADERS,
    "Content-Type": page.contentType,
    [HEADER.nextOffset]: formatOffset(page.next),
    ...(page.upToDate ? { [HEADER.upToDate]: "true" } : {}),
    ...closedHeader(page.closed),
  };
}

// Bytes at an offset never change, so that a page may be kept; an empty page may be wrong a moment later. What will
// expire is not kept longer than it lives.
function cacheControl(page: Page, { cacheScope, nowMs }: PageContext): string {
  if (page.chunks.length === 0) return "no-store";
  const deadline = deadlineMs(page.lifetime, nowMs);
  const leftSeconds = deadline === undefined ? Infinity : Math.floor((deadline - nowMs) / 1_000);
  const maxAge = Math.max(0, Math.min(MAX_AGE_SECONDS, leftSeconds));
  const stale = Math.max(0, Math.min(STALE_SECONDS, leftSeconds - maxAge));
  return `${cacheScope}, max-age=${maxAge}, stale-while-revalidate=${stale}`;
}

function closedHeader(closed: boolean): HeaderMap {
  return closed ? { [HEADER.closed]: "true" } : {};
}

function producerHeaders(producer: ProducerState | undefined): HeaderMap {
  if (producer === undefined) return {};
  return {
    [HEADER.producerEpoch]: String(producer.epoch),
    [HEADER.producerSeq]: String(producer.seq),
  };
}

function lifetimeHeaders(lifetime: Lifetime): HeaderMap {
  if (lifetime.kind === "ttl") return { [HEADER.ttl]: String(lifetime.seconds) };
  return lifetime.kind === "until" ? { [HEADER.expiresAt]: lifetime.text } : {};
}
