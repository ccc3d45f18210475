/** From outcomes to responses: the only place that writes statuses and headers. */

import type { Appended } from "#engine/append.ts";
import type { Created } from "#engine/create.ts";
import type { Description } from "#engine/describe.ts";
import type { Trimmed } from "#engine/trim.ts";
import { formatEtag, matchesEtag } from "#protocol/etag.ts";
import { deadlineMs, type Lifetime } from "#protocol/expiry.ts";
import { formatBody } from "#protocol/frames.ts";
import { HEADER, RETENTION_HEADER } from "#protocol/names.ts";
import { RETENTION_BOUNDS, type Retention } from "#protocol/retention.ts";
import { formatOffset, type Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import type { ProducerState } from "#protocol/producer.ts";
import type { Refusal } from "#protocol/refusal.ts";
import { BROWSER_HEADERS } from "./cors.ts";
import { STATUS } from "./status.ts";

type HeaderMap = Readonly<Record<string, string>>;

// Copying headers that the runtime has parsed is cheaper than having it parse the same names in every answer.
const BASE = new Headers(BROWSER_HEADERS);
const NO_STORE = new Headers({ ...BROWSER_HEADERS, "Cache-Control": "no-store" });

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
  const body = JSON.stringify({ error: { code, message } });
  const response = answer(STATUS[code], body, NO_STORE, refusalHeaders(refusal));
  response.headers.set("Content-Type", "application/json");
  return response;
}

function answer(status: number, body: BodyInit | null, base: Headers, own: HeaderMap): Response {
  const response = new Response(body, { status, headers: base });
  for (const name in own) response.headers.set(name, own[name] ?? "");
  return response;
}

function refusalHeaders(refusal: Refusal): HeaderMap {
  switch (refusal.code) {
    case "method_not_allowed":
      return { Allow: refusal.allow };
    case "unauthorized":
      return { "WWW-Authenticate": "Bearer" };
    case "stream_closed":
      return { [HEADER.closed]: "true", [HEADER.nextOffset]: formatOffset(refusal.tail) };
    case "import_conflict":
      return refusal.at === undefined ? {} : { [HEADER.nextOffset]: formatOffset(refusal.at) };
    case "precondition_failed":
      return { [HEADER.nextOffset]: formatOffset(refusal.tail) };
    case "producer_fenced":
      return { [HEADER.producerEpoch]: String(refusal.epoch) };
    case "producer_gap":
      return {
        [HEADER.producerExpectedSeq]: String(refusal.expectedSeq),
        [HEADER.producerReceivedSeq]: String(refusal.receivedSeq),
      };
    case "offset_gone":
      return { [HEADER.earliestOffset]: formatOffset(refusal.earliest) };
    case "busy":
    case "journal_full":
    case "unavailable":
    case "outcome_unknown":
      return { "Retry-After": String(refusal.retryAfterSeconds) };
    default:
      return {};
  }
}

/** 200 with JSON that is not to be kept. */
export function respondJson(value: unknown): Response {
  return answer(200, JSON.stringify(value), NO_STORE, { "Content-Type": "application/json" });
}

/** Where an import stands. */
export function respondPosition(position: Position): Response {
  return answer(204, null, NO_STORE, { [HEADER.nextOffset]: formatOffset(position) });
}

/** Frames for an export, and where the ones after them begin. */
export function respondFrames(body: Uint8Array<ArrayBuffer>, next: Position): Response {
  return answer(200, body, NO_STORE, {
    "Content-Type": "application/octet-stream",
    [HEADER.nextOffset]: formatOffset(next),
  });
}

/** 201 with the stream's URL, or 200 for the stream that was there. */
export function respondCreated(outcome: Created, url: URL): Response {
  return answer(outcome.created ? 201 : 200, null, NO_STORE, {
    "Content-Type": outcome.contentType,
    [HEADER.nextOffset]: formatOffset(outcome.tail),
    ...closedHeader(outcome.closed),
    ...retentionHeaders(outcome.retention),
    ...(outcome.created ? { Location: url.origin + url.pathname } : {}),
  });
}

/** 200 for new data of a producer, 204 for everything else that succeeded. */
export function respondAppended(outcome: Appended): Response {
  const { kind, producer, tail, closed } = outcome;
  const status = kind === "appended" && producer !== undefined ? 200 : 204;
  return answer(status, null, NO_STORE, {
    [HEADER.nextOffset]: formatOffset(tail),
    ...closedHeader(closed),
    ...producerHeaders(producer),
  });
}

export function respondDeleted(): Response {
  return answer(204, null, NO_STORE, {});
}

/** 204 with the offset that the stream begins at now. */
export function respondTrimmed({ earliest, tail }: Trimmed): Response {
  return answer(204, null, NO_STORE, {
    [HEADER.earliestOffset]: formatOffset(earliest),
    [HEADER.nextOffset]: formatOffset(tail),
  });
}

export function respondDescription(description: Description): Response {
  const { contentType, earliest, tail, lifetime, retention, closed } = description;
  return answer(200, null, NO_STORE, {
    "Content-Type": contentType,
    [HEADER.nextOffset]: formatOffset(tail),
    [HEADER.earliestOffset]: formatOffset(earliest),
    ...closedHeader(closed),
    ...lifetimeHeaders(lifetime),
    ...retentionHeaders(retention),
  });
}

/** `offset=now` without waiting: nothing, and where the tail is. Has no ETag (§10.1). */
export function respondNow(page: Page): Response {
  const headers = { "Content-Type": page.contentType, ...pageHeaders(page) };
  return answer(200, formatBody([], page.kind), NO_STORE, headers);
}

export interface PageContext {
  readonly ifNoneMatch: string | null;
  readonly cacheScope: "public" | "private";
  readonly nowMs: number;
  /** Makes a body of the bytes that counts for as long as it is not sent. */
  readonly hold: (body: Uint8Array) => BodyInit;
  /** The URL names no fixed place: its answer is another one after the next append. */
  readonly dependsOnTail: boolean;
  /** Live answers carry one. */
  readonly cursor?: string;
}

/** A page as 200, or 304 when the client has it. */
export function respondPage(page: Page, context: PageContext): Response {
  const etag = formatEtag(page.streamId, page.from, page.next, page.closed);
  const isKnown = matchesEtag(context.ifNoneMatch, etag);
  const body = isKnown ? null : context.hold(formatBody(page.chunks, page.kind));
  const response = answer(isKnown ? 304 : 200, body, BASE, pageHeaders(page));
  const { headers } = response;
  if (!isKnown) headers.set("Content-Type", page.contentType);
  headers.set("Cache-Control", cacheControl(page, context));
  headers.set("ETag", etag);
  if (context.cursor !== undefined) headers.set(HEADER.cursor, context.cursor);
  return response;
}

/** A long-poll that found nothing: the time was over, or the stream is. Never cached. */
export function respondNothing(page: Page, cursor: string): Response {
  const headers = { ...pageHeaders(page), ...(page.closed ? {} : { [HEADER.cursor]: cursor }) };
  return answer(204, null, NO_STORE, headers);
}

export function respondEvents(body: ReadableStream<Uint8Array>, base64: boolean): Response {
  return answer(200, body, BASE, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    ...(base64 ? { [HEADER.sseDataEncoding]: "base64" } : {}),
  });
}

function pageHeaders(page: Page): HeaderMap {
  return {
    [HEADER.nextOffset]: formatOffset(page.next),
    ...(page.upToDate ? { [HEADER.upToDate]: "true" } : {}),
    ...closedHeader(page.closed),
  };
}

// Bytes at an offset never change, so that a page may be kept; an empty page may be wrong a moment later. What will
// expire is not kept longer than it lives.
function cacheControl(page: Page, { cacheScope, nowMs, dependsOnTail }: PageContext): string {
  if (page.chunks.length === 0 || dependsOnTail) return "no-store";
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

function retentionHeaders(retention: Retention | undefined): HeaderMap {
  const headers: Record<string, string> = {};
  for (const bound of RETENTION_BOUNDS) {
    const value = retention?.[bound];
    if (value !== undefined) headers[RETENTION_HEADER[bound]] = String(value);
  }
  return headers;
}
