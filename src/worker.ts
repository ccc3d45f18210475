/** The Worker: checks what can be checked without a stream, and sends the rest to the stream's object. */

import { listStreams } from "#engine/list.ts";
import { createAdminRoutes } from "#http/admin.ts";
import { createRouter, refuseUnread } from "#http/router.ts";
import { respondRefusal } from "#http/respond.ts";
import type { StreamPath } from "#protocol/path.ts";
import { StorageFault } from "#storage/contract.ts";
import { openCatalogue } from "#storage/catalogue.ts";
import { parseConfig, type ConfigResult } from "./config.ts";

export { StreamObject } from "./stream-object.ts";

const RETRY_AFTER_SECONDS = 1;

const admin = createAdminRoutes<Env>({
  adminToken: () => (checked?.ok === true ? checked.config.adminToken : undefined),
  list: (command, env) => listStreams(openCatalogue(env.DB), command),
  administer: (path, request, env) =>
    answerFrom(request, () => env.STREAMS.getByName(path).administer(request)),
});
const route = createRouter(forward, admin);

// The variables of an isolate never change: they are checked with its first request.
let checked: ConfigResult | undefined;

export default {
  async fetch(request, env): Promise<Response> {
    checked ??= parseConfig(env as unknown as Record<string, unknown>);
    if (!checked.ok) {
      return refuseUnread(request, { code: "misconfigured", message: checked.errors.join(" ") });
    }
    try {
      return await route(request, env);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      console.error(error.message, error.cause);
      return respondRefusal({
        code: "unavailable",
        message: error.message,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    }
  },
} satisfies ExportedHandler<Env>;

function forward(path: StreamPath, request: Request, env: Env): Promise<Response> {
  return answerFrom(request, () => env.STREAMS.getByName(path).fetch(request));
}

async function answerFrom(request: Request, ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask();
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
