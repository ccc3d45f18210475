/**
 * HTTP routes of features, described once: the description checks what a client sends, types what the handler gets,
 * and becomes the OpenAPI document.
 */

import type * as v from "valibot";
import type { Access } from "./access.ts";
import type { FeatureRefusal } from "./refusal.ts";
import type { FeatureStreams, Outcome } from "./streams.ts";

type Schema = v.GenericSchema<unknown, unknown>;
type OutputOf<S extends Schema | undefined> = S extends Schema ? v.InferOutput<S> : undefined;

/** What a route may be described with. Parameters of the path are `{name}`. */
export interface RouteDescription<
  Body extends Schema | undefined = Schema | undefined,
  Query extends Schema | undefined = Schema | undefined,
  Params extends Schema | undefined = Schema | undefined,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Such as `/api/tickets/{qrCode}`. */
  readonly path: string;
  /** One sentence, for the OpenAPI document. */
  readonly summary: string;
  /** Who may; everyone unless given. */
  readonly access?: Access;
  readonly body?: Body;
  /** Of the query's parameters, as text. */
  readonly query?: Query;
  /** Of the path's parameters, percent-decoded. */
  readonly params?: Params;
  /** Whether `Idempotency-Key` is read: true for routes that send a command. */
  readonly idempotent?: boolean;
  /** What it answers, by status; a schema for JSON, a content type for anything else. */
  readonly answers: Readonly<Record<number, RouteAnswerDescription>>;
  /** The codes that it may refuse with, besides those of the kit. */
  readonly refusals?: readonly string[];
}

export interface RouteAnswerDescription {
  readonly description: string;
  readonly schema?: Schema;
  readonly contentType?: string;
}

/** A request that has passed every check of its route. */
export interface RouteRequest<Body, Query, Params> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Params;
  readonly idempotencyKey: string | undefined;
  readonly streams: FeatureStreams;
  readonly env: Env;
  /** What Cloudflare says of the request, where it came through Cloudflare. */
  readonly cf: unknown;
  /** Scheme and host that the client used. */
  readonly origin: string;
}

export type RouteReply =
  | {
      readonly ok: true;
      readonly status: number;
      readonly json?: unknown;
      readonly content?: { readonly type: string; readonly body: string | Uint8Array };
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

/** A route whose types have done their work. */
export interface Route extends RouteDescription {
  run(request: RouteRequest<unknown, unknown, unknown>): Promise<RouteReply>;
}

/** Describes a route, with a handler that is given what the schemas make of the request. */
export function route<
  Body extends Schema | undefined = undefined,
  Query extends Schema | undefined = undefined,
  Params extends Schema | undefined = undefined,
>(
  description: RouteDescription<Body, Query, Params> & {
    run(
      request: RouteRequest<OutputOf<Body>, OutputOf<Query>, OutputOf<Params>>,
    ): Promise<RouteReply>;
  },
): Route {
  return description;
}

/** The reply of a route that answers what a command or a question did, as JSON. */
export function reply(status: number, outcome: Outcome<unknown>): RouteReply {
  return outcome.ok ? { ok: true, status, json: outcome.answer } : outcome;
}
