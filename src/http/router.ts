/**
 * The routes of the Worker. Everything below the stream root is a stream and goes to its object by the shortest way;
 * what else there is, itty-router matches. Parameters and queries are parsed by our own code.
 */

import { Router, type IRequest } from "itty-router";
import { STREAM_ROOT } from "#protocol/names.ts";
import { isReserved, parseStreamPath, type StreamPath } from "#protocol/path.ts";
import type { Refusal } from "#protocol/refusal.ts";
import { dropBody } from "./body.ts";
import { answerPreflight, METHODS } from "./cors.ts";
import { INVALID_PATH, respondRefusal } from "./respond.ts";
import { pathnameOf } from "./target.ts";

/** Sends a request to the object of a stream. */
export type Forward<Bindings> = (
  path: StreamPath,
  request: Request,
  bindings: Bindings,
) => Promise<Response>;

/** Answers what is no stream; undefined for what it does not know. */
export type AnswerElse<Bindings> = (
  request: Request,
  bindings: Bindings,
) => Promise<Response | undefined>;

/** Answers every request of the server. Made once; the bindings come with each request. */
export function createRouter<Bindings>(
  forward: Forward<Bindings>,
  answerElse: AnswerElse<Bindings>,
): (request: Request, bindings: Bindings) => Promise<Response> {
  const router = Router<IRequest & Request, [Bindings]>()
    .options("*", async (request) => {
      await dropBody(request);
      return answerPreflight();
    })
    .all("*", answerElse)
    .all("*", (request) => refuseUnread(request, NOT_FOUND));
  return (request, bindings) => {
    const pathname = pathnameOf(request.url);
    if (!pathname.startsWith(STREAM_ROOT) || request.method === "OPTIONS") {
      return router.fetch(request, bindings);
    }
    if (!STREAM_METHODS.has(request.method)) return refuseUnread(request, METHOD_NOT_ALLOWED);
    const path = parseStreamPath(pathname);
    if (path === undefined) return refuseUnread(request, INVALID_PATH);
    if (isReserved(path)) return refuseUnread(request, NOT_FOUND);
    return forward(path, request, bindings);
  };
}

/** Refuses a request whose body nobody has read. */
export async function refuseUnread(request: Request, refusal: Refusal): Promise<Response> {
  await dropBody(request);
  return respondRefusal(refusal);
}

const STREAM_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);

const NOT_FOUND: Refusal = {
  code: "not_found",
  message: `Nothing is served here. Streams are at ${STREAM_ROOT}{path}; /api/openapi.json describes what else there is.`,
};

const METHOD_NOT_ALLOWED: Refusal = {
  code: "method_not_allowed",
  message: `A stream answers to ${METHODS}.`,
  allow: METHODS,
};
