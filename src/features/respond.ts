/** Answers of features: JSON or bytes, never cached, with the headers that every answer of the server has. */

import { BROWSER_HEADERS } from "#http/cors.ts";
import type { FeatureRefusal } from "./refusal.ts";
import type { RouteReply } from "./route.ts";

const NO_STORE = { ...BROWSER_HEADERS, "Cache-Control": "no-store" };
const JSON_TYPE = { "Content-Type": "application/json" };

/** What a route replied, as a response. */
export function respondReply(reply: RouteReply): Response {
  if (!reply.ok) return respondFeatureRefusal(reply.refusal);
  const { status, json, content, headers = {} } = reply;
  if (content !== undefined) {
    const own = { "Content-Type": content.type, ...headers };
    return new Response(content.body, { status, headers: { ...NO_STORE, ...own } });
  }
  if (json === undefined)
    return new Response(null, { status, headers: { ...NO_STORE, ...headers } });
  const body = JSON.stringify(json);
  return new Response(body, { status, headers: { ...NO_STORE, ...JSON_TYPE, ...headers } });
}

/** A refusal as status, headers and `{"error":{"code","message"}}`. */
export function respondFeatureRefusal(refusal: FeatureRefusal): Response {
  const { status, code, message, headers = {} } = refusal;
  const body = JSON.stringify({ error: { code, message } });
  return new Response(body, { status, headers: { ...NO_STORE, ...JSON_TYPE, ...headers } });
}
