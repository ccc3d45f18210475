/** The Worker: checks what can be checked without a stream, and sends the rest to the stream's object. */

import { createRouter, refuseUnread } from "#http/router.ts";
import { respondRefusal } from "#http/respond.ts";
import type { StreamPath } from "#protocol/path.ts";
import { parseConfig, type ConfigResult } from "./config.ts";

export { StreamObject } from "./stream-object.ts";

const RETRY_AFTER_SECONDS = 1;

const route = createRouter(forward);

// The variables of an isolate never change: they are checked with its first request.
let checked: ConfigResult | undefined;

export default {
  async fetch(request, env): Promise<Response> {
    checked ??= parseConfig(env as unknown as Record<string, unknown>);
    if (!checked.ok) {
      return refuseUnread(request, { code: "misconfigured", message: checked.errors.join(" ") });
    }
    return route(request, env);
  },
} satisfies ExportedHandler<Env>;

async function forward(path: StreamPath, request: Request, env: Env): Promise<Response> {
  try {
    return await env.STREAMS.getByName(path).fetch(request);
  } catch (error) {
    console.error("The object did not answer.", error);
    const safe = request.method === "GET" || request.method === "HEAD";
    return respondRefusal({
      code: safe ? "unavailable" : "outcome_unknown",
      message: safe
        ? "The stream is not available at the moment."
        : "The server failed while it worked on this: it may have happened. Retry with producer headers, or read the tail first.",
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}
