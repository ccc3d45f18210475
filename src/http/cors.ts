/** What every answer says to browsers (§12.7), and the answer to a preflight. */

import { HEADER } from "#protocol/names.ts";

export const METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

const EXPOSED = [...Object.values(HEADER), "ETag", "Location", "Retry-After", "Allow"].join(", ");

const ACCEPTED = [
  "Content-Type",
  "Authorization",
  "If-None-Match",
  "If-Match",
  "Last-Event-ID",
  "Idempotency-Key",
  HEADER.seq,
  HEADER.ttl,
  HEADER.expiresAt,
  HEADER.closed,
  HEADER.retentionMessages,
  HEADER.retentionBytes,
  HEADER.retentionSeconds,
  HEADER.forkedFrom,
  HEADER.forkOffset,
  HEADER.forkSubOffset,
  HEADER.producerId,
  HEADER.producerEpoch,
  HEADER.producerSeq,
].join(", ");

/** The headers of every answer, errors included. */
export const BROWSER_HEADERS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED,
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "cross-origin",
} as const;

/** The answer to OPTIONS: what a page of another origin may send. */
export function answerPreflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      ...BROWSER_HEADERS,
      Allow: METHODS,
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers": ACCEPTED,
      "Access-Control-Max-Age": "86400",
      "Cache-Control": "no-store",
    },
  });
}
