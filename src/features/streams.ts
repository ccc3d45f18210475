/** Commands and questions from outside: how a route or a Workflow reaches the objects of a feature's streams. */

import { parseStreamPath, type StreamPath } from "#protocol/path.ts";
import { STREAM_ROOT } from "#protocol/names.ts";
import type { Command, Query } from "./command.ts";
import type { FeatureObject, IdempotencyKey, ObjectReply } from "./object.ts";
import { fromRefusal, type FeatureRefusal } from "./refusal.ts";

/** Where the objects are: the binding `env.STREAMS`. */
export interface FeatureObjects {
  getByName(path: string): FeatureObject;
}

export type Outcome<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

export interface SendOptions {
  /** The client's `Idempotency-Key`: a repeat within a day is answered as the first one was. */
  readonly key?: string | undefined;
  /** What the key stands for, where that is not the whole input: what the server adds by chance must not be in it. */
  readonly asked?: unknown;
}

/** Sends commands and questions to streams, from a Worker or a Workflow. */
export interface FeatureStreams {
  send<Input, Answer>(
    command: Pick<Command<Input, Answer>, "name" | "decide">,
    path: string,
    input: Input,
    options?: SendOptions,
  ): Promise<Outcome<Answer>>;
  query<Input, Answer>(
    query: Query<Input, Answer>,
    path: string,
    input: Input,
  ): Promise<Outcome<Answer>>;
  /** Replays a stream into empty tables; commands wait meanwhile. */
  rebuild(path: string): Promise<Outcome<{ events: number }>>;
}

const RETRY_AFTER_SECONDS = 1;

/** @param objects the binding `env.STREAMS` */
export function openFeatureStreams(objects: FeatureObjects): FeatureStreams {
  return {
    async send<Input, Answer>(
      command: Pick<Command<Input, Answer>, "name" | "decide">,
      path: string,
      input: Input,
      options: SendOptions = {},
    ) {
      const { key, asked = input } = options;
      const stamped = key === undefined ? undefined : await stamp(key, command.name, asked);
      const request = { path, command: command.name, input: encode(input), key: stamped };
      return ask<Answer>("outcome_unknown", () => at(objects, path).runCommand(request));
    },
    query<Input, Answer>(query: Query<Input, Answer>, path: string, input: Input) {
      const request = { path, query: query.name, input: encode(input) };
      return ask<Answer>("unavailable", () => at(objects, path).runQuery(request));
    },
    rebuild(path) {
      return ask<{ events: number }>("outcome_unknown", () => at(objects, path).rebuild(path));
    },
  };
}

/** The path of a feature's stream, for names that a schema has let pass. */
export function streamPath(path: string): StreamPath {
  const parsed = parseStreamPath(STREAM_ROOT + path.split("/").map(encodeURIComponent).join("/"));
  if (parsed === undefined) throw new Error(`${path} is not the path of a stream.`);
  return parsed;
}

function at(objects: FeatureObjects, path: string): FeatureObject {
  return objects.getByName(streamPath(path));
}

async function ask<Answer>(
  code: "outcome_unknown" | "unavailable",
  call: () => Promise<ObjectReply>,
): Promise<Outcome<Answer>> {
  try {
    const reply = await call();
    return reply.ok ? { ok: true, answer: JSON.parse(reply.answer) as Answer } : reply;
  } catch (error) {
    console.error("The object did not answer.", error);
    const message =
      code === "unavailable"
        ? "The stream is not available at the moment."
        : "The server failed while it worked on this: it may have happened. Retry with the same Idempotency-Key.";
    const refusal = fromRefusal({ code, message, retryAfterSeconds: RETRY_AFTER_SECONDS });
    return { ok: false, refusal };
  }
}

async function stamp(key: string, command: string, asked: unknown): Promise<IdempotencyKey> {
  const bytes = new TextEncoder().encode(`${command}\n${encode(asked)}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { key, fingerprint: digest.toHex() };
}

function encode(value: unknown): string {
  return JSON.stringify(value ?? null);
}
