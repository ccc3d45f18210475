/** The Worker: checks what can be checked without a stream, and sends the rest to the stream's object. */

import { createRouter, refuseUnread } from "#http/router.ts";
import { respondRefusal } from "#http/respond.ts";
import type { StreamPath } from "#protocol/path.ts";
import { parseConfig } from "./config.ts";

export { StreamObject } from "./stream-object.ts";

const RETRY_AFTER_SECONDS = 1;

export default {
  async fetch(request, env): Promise<Response> {
    const config = parseConfig(env as unknown as Record<string, unknown>);
    if (!config.ok) {
      return refuseUnread(request, { code: "misconfigured", message: config.errors.join(" ") });
    }
    return createRouter((path, forwarded) => forward(env, path, forwarded))(request);
  },
} satisfies ExportedHandler<Env>;

async function forward(env: Env, path: StreamPath, request: Request): Promise<Response> {
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
