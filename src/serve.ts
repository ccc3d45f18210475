/** Serves streams and features: checks what can be checked without a stream, and sends the rest to its object. */

import type { Feature } from "#features/feature.ts";
import { indexFeatures } from "#features/installed.ts";
import { withDocument } from "#features/openapi.ts";
import { createRouteAnswer, type AnswerRoute } from "#features/router.ts";
import { listStreams } from "#engine/list.ts";
import { createAdminRoutes } from "#http/admin.ts";
import { createRouter, refuseUnread } from "#http/router.ts";
import { respondRefusal } from "#http/respond.ts";
import type { StreamPath } from "#protocol/path.ts";
import { openCatalogue } from "#storage/catalogue.ts";
import { StorageFault } from "#storage/contract.ts";
import { parseConfig, type Config, type ConfigResult } from "./config.ts";

const RETRY_AFTER_SECONDS = 1;

export interface Handler {
  fetch(request: Request, env: Env): Promise<Response>;
}

/** The Worker's handler. The variables of an isolate never change: they are checked with its first request. */
export function createHandler(features: readonly Feature<Config>[]): Handler {
  const index = indexFeatures(features);
  let checked: ConfigResult | undefined;
  let answerRoute: AnswerRoute | undefined;

  const forwardOrRefuse = (path: StreamPath, request: Request, env: Env): Promise<Response> => {
    if (request.method === "GET" || request.method === "HEAD") return forward(path, request, env);
    const feature = index(path);
    return feature === undefined ? forward(path, request, env) : refuseWrite(request, feature);
  };
  const admin = createAdminRoutes<Env>({
    adminToken: () => (checked?.ok === true ? checked.config.adminToken : undefined),
    list: (command, env) => listStreams(openCatalogue(env.DB), command),
    administer: (path, request, env) =>
      answerFrom(request, () => env.STREAMS.getByName(path).administer(request)),
  });
  const route = createRouter(forwardOrRefuse, async (request, env: Env) => {
    if (checked?.ok !== true) return undefined;
    const { config } = checked;
    // Made for the first request that is for no stream: schemas take their time, and most Workers see none.
    answerRoute ??= createRouteAnswer(withDocument(features.flatMap((f) => f.routes(config))));
    return (await answerRoute(request, env)) ?? admin(request, env);
  });
  return {
    async fetch(request, env) {
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
  };
}

/** A feature's stream is written by its commands alone. */
function refuseWrite(request: Request, { name, commandRoute }: Feature): Promise<Response> {
  return refuseUnread(request, {
    code: "method_not_allowed",
    message: `Streams below ${name}/ are written by commands: see ${commandRoute}. They can be read as any other.`,
    allow: "GET, HEAD, OPTIONS",
  });
}

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
