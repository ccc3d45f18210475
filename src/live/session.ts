/**
 * One SSE connection as a pure state machine (§5.8).
 *
 *   opening ── page ──▶ following ── page … ──▶ ended
 *
 * `opening` says where the reader stands even when there is no data; `following` speaks only when there is news;
 * `ended` follows a closed stream's last byte.
 */

import { chunkEnd, joinPayload, sliceUntil, type Chunk } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import { incompleteTail } from "#protocol/utf8.ts";

export interface Session {
  readonly state: "opening" | "following" | "ended";
  readonly position: Position;
}

/** What to send for a page: at most one data event, and after it, or alone, at most one control event. */
export interface Batch {
  readonly chunks: readonly Chunk[];
  readonly next: Position;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

/** Where a connection begins. */
export function startSession(position: Position): Session {
  return { state: "opening", position };
}

/** Takes a page in: the session after it, and the batch to send if there is one. */
export function takePage(session: Session, page: Page): { session: Session; batch?: Batch } {
  const chunks = wholeCharacters(page);
  const last = chunks.at(-1);
  const next = last === undefined ? page.from : chunkEnd(last);
  const batch = {
    chunks,
    next,
    upToDate: page.upToDate && next.byte === page.next.byte,
    closed: page.closed,
  };
  const state = page.closed ? "ended" : "following";
  if (session.state === "following" && last === undefined && !page.closed) return { session };
  return { session: { state, position: next }, batch };
}

/**
 * The page's chunks without the beginning of a character whose rest is still to come: text is decoded event by
 * event, and half a character cannot be. At the end of a closed stream nothing is to come.
 */
function wholeCharacters(page: Page): readonly Chunk[] {
  const last = page.chunks.at(-1);
  if (page.kind !== "text" || page.closed || last === undefined) return page.chunks;
  // A character is at most four bytes, and a chunk at least one.
  const tail = last.payload.length >= 4 ? last.payload : joinPayload(page.chunks.slice(-4));
  const incomplete = incompleteTail(tail);
  if (incomplete === 0) return page.chunks;
  const byte = page.next.byte - incomplete;
  return page.chunks.flatMap((c) => sliceUntil(c, { seq: 0, byte }) ?? []);
}
