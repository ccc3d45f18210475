/**
 * From a request to a feature's route: who it is, then what was sent, then the handler.
 *
 * itty-router matches paths and nothing else; parameters, query and body are parsed here by the route's schemas.
 */

import { Router, type IRequest } from "itty-router";
import * as v from "valibot";
import { dropBody, withBody } from "#http/body.ts";
import { Uploads } from "#http/uploads.ts";
import { decodeStrict } from "#protocol/utf8.ts";
import { fromRefusal, kitRefusal, type FeatureRefusal } from "./refusal.ts";
import { respondFeatureRefusal, respondReply } from "./respond.ts";
import type { Route } from "./route.ts";
import { openFeatureStreams } from "./streams.ts";

/** The largest body of a route. */
export const ROUTE_BODY_BYTES_MAX = 65_536;
/** The longest `Idempotency-Key`, in characters. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 256;

// Issues that one message names: a caller corrects them together.
const ISSUES_MAX = 5;

type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

/** Answers a request; undefined when no route has its path. */
export type AnswerRoute = (request: Request, env: Env) => Promise<Response | undefined>;

/** Serves routes. Where two paths match, the one that comes first answers. */
export function createRouteAnswer(routes: readonly Route[]): AnswerRoute {
  const router = Router<IRequest & Request, [Env]>();
  for (const [path, at] of Map.groupBy(routes, (route) => route.path)) {
    router.all(path.replaceAll(/\{(\w+)\}/g, ":$1"), (request, env) => {
      const method = request.method === "HEAD" ? "GET" : request.method;
      const route = at.find((r) => r.method === method);
      return route === undefined ? refuseMethod(request, at) : answer(route, request, env);
    });
  }
  return (request, env) => router.fetch(request, env);
}

async function refuseMethod(request: Request, at: readonly Route[]): Promise<Response> {
  const methods = at.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  const allow = [...methods, "OPTIONS"].join(", ");
  const message = `This URL answers to ${allow}.`;
  const refusal = fromRefusal({ code: "method_not_allowed", message, allow });
  return refuseUnread(request, { ...refusal, headers: { Allow: allow } });
}

async function refuseUnread(request: Request, refusal: FeatureRefusal): Promise<Response> {
  await dropBody(request);
  return respondFeatureRefusal(refusal);
}

async function answer(route: Route, request: IRequest & Request, env: Env): Promise<Response> {
  const refusal = await route.access?.check(request);
  if (refusal !== undefined) return refuseUnread(request, refusal);
  const parsed = parseHead(route, request);
  if (!parsed.ok) return refuseUnread(request, parsed.refusal);
  const { body: schema } = route;
  if (schema === undefined) {
    await dropBody(request);
    return run(route, request, env, { ...parsed.value, body: undefined });
  }
  // A Worker serves many clients, but no request may wait for the timer of another: each has its own.
  const uploads = new Uploads(() => Date.now());
  const use = async (bytes: Uint8Array) => {
    const body = parseBody(schema, bytes);
    if (!body.ok) return respondFeatureRefusal(body.refusal);
    return run(route, request, env, { ...parsed.value, body: body.value });
  };
  return withBody(request, uploads, use, ROUTE_BODY_BYTES_MAX);
}

async function run(
  route: Route,
  request: Request,
  env: Env,
  parsed: ParsedHead & { readonly body: unknown },
): Promise<Response> {
  const streams = openFeatureStreams(env.STREAMS);
  const { origin } = new URL(request.url);
  const { cf } = request;
  const response = respondReply(await route.run({ ...parsed, streams, env, cf, origin }));
  return request.method === "HEAD" ? new Response(null, response) : response;
}

/** All of a request but its body. */
interface ParsedHead {
  readonly params: unknown;
  readonly query: unknown;
  readonly idempotencyKey: string | undefined;
}

function parseHead(route: Route, request: IRequest & Request): Parsed<ParsedHead> {
  const key = parseKey(route, request);
  if (!key.ok) return key;
  const params = parseParams(route, request.params);
  if (!params.ok) return params;
  const query = parseQuery(route, new URL(request.url).searchParams);
  if (!query.ok) return query;
  const value = { params: params.value, query: query.value, idempotencyKey: key.value };
  return { ok: true, value };
}

function parseKey(route: Route, request: Request): Parsed<string | undefined> {
  const key = request.headers.get("Idempotency-Key");
  if (route.idempotent !== true || key === null) return { ok: true, value: undefined };
  if (key !== "" && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX) return { ok: true, value: key };
  const message = `Idempotency-Key must have 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} characters.`;
  return { ok: false, refusal: kitRefusal("invalid_idempotency_key", message) };
}

function parseParams({ params }: Route, sent: Record<string, string>): Parsed<unknown> {
  if (params === undefined) return { ok: true, value: undefined };
  try {
    const decoded = Object.entries(sent).map(([name, text]) => [name, decodeURIComponent(text)]);
    return parseWith(params, Object.fromEntries(decoded), "the path");
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    const message = "The path is not valid percent-encoded UTF-8.";
    return { ok: false, refusal: kitRefusal("invalid_request", message) };
  }
}

function parseQuery({ query }: Route, sent: URLSearchParams): Parsed<unknown> {
  if (query === undefined) return { ok: true, value: undefined };
  const names = [...new Set(sent.keys())];
  const twice = names.find((name) => sent.getAll(name).length > 1);
  if (twice !== undefined) {
    const message = `The parameter ${twice} was sent twice: send it once.`;
    return { ok: false, refusal: kitRefusal("invalid_request", message) };
  }
  return parseWith(query, Object.fromEntries(sent), "the query");
}

function parseBody(schema: v.GenericSchema, bytes: Uint8Array): Parsed<unknown> {
  const text = decodeStrict(bytes);
  if (text === undefined) return refuseJson("The body is not valid UTF-8.");
  try {
    return parseWith(schema, JSON.parse(text), "the body");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuseJson(`The body is not valid JSON: ${error.message}.`);
  }
}

function refuseJson(message: string): Parsed<never> {
  return { ok: false, refusal: kitRefusal("invalid_request", message) };
}

/** What the library says of objects is for programmers. */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const isOfObject = issue.type === "object" || issue.type === "strict_object";
  if (isOfObject && issue.expected === "Object") return `${path ?? "it"} must be a JSON object`;
  if (path === null) return issue.message;
  if (isOfObject && issue.expected === "never") return `${path} is not known here: leave it out`;
  if (isOfObject) return `${path} is missing`;
  return `${path}: ${issue.message}`;
}

/** What a schema makes of a value, or the message that its issues add up to. */
function parseWith(schema: v.GenericSchema, value: unknown, where: string): Parsed<unknown> {
  const result = v.safeParse(schema, value);
  if (result.success) return { ok: true, value: result.output };
  const issues = result.issues.slice(0, ISSUES_MAX).map(describeIssue);
  const message = `Correct ${where}: ${issues.map((i) => i.replace(/\.$/, "")).join("; ")}.`;
  return { ok: false, refusal: kitRefusal("invalid_request", message) };
}
