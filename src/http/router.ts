/** The route table of the Worker. itty-router matches; parameters and queries are parsed by our own code. */

import { Router, type IRequest } from "itty-router";
import { STREAM_ROOT } from "#protocol/names.ts";
import { isReserved, parseStreamPath, type StreamPath } from "#protocol/path.ts";
import type { Refusal } from "#protocol/refusal.ts";
import { dropBody } from "./body.ts";
import { answerPreflight, METHODS } from "./cors.ts";
import { INVALID_PATH, respondRefusal } from "./respond.ts";

/** Sends a request to the object of a stream. */
export type Forward<Bindings> = (
  path: StreamPath,
  request: Request,
  bindings: Bindings,
) => Promise<Response>;

/** Answers every request of the server. Made once; the bindings come with each request. */
export function createRouter<Bindings>(
  forward: Forward<Bindings>,
): (request: Request, bindings: Bindings) => Promise<Response> {
  const stream = async (request: IRequest & Request, bindings: Bindings): Promise<Response> => {
    const path = parseStreamPath(new URL(request.url).pathname);
    if (path === undefined) return refuseUnread(request, INVALID_PATH);
    if (isReserved(path)) return refuseUnread(request, NOT_FOUND);
    return forward(path, request, bindings);
  };
  const router = Router<IRequest & Request, [Bindings]>()
    .options("*", async (request) => {
      await dropBody(request);
      return answerPreflight();
    })
    .get(`${STREAM_ROOT}*`, stream)
    .head(`${STREAM_ROOT}*`, stream)
    .post(`${STREAM_ROOT}*`, stream)
    .put(`${STREAM_ROOT}*`, stream)
    .delete(`${STREAM_ROOT}*`, stream)
    .all(`${STREAM_ROOT}*`, (request) => refuseUnread(request, METHOD_NOT_ALLOWED))
    .all("*", (request) => refuseUnread(request, NOT_FOUND));
  return (request, bindings) => router.fetch(request, bindings);
}

/** Refuses a request whose body nobody has read. */
export async function refuseUnread(request: Request, refusal: Refusal): Promise<Response> {
  await dropBody(request);
  return respondRefusal(refusal);
}

const NOT_FOUND: Refusal = {
  code: "not_found",
  message: `Nothing is served here. Streams are at ${STREAM_ROOT}{path}.`,
};

const METHOD_NOT_ALLOWED: Refusal = {
  code: "method_not_allowed",
  message: `A stream answers to ${METHODS}.`,
  allow: METHODS,
};
