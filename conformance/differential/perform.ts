/** Sends one operation to one of the two servers. */

import type { Answer, Session } from "../harness/client.ts";
import { pause } from "../harness/subject.ts";
import { caughtUp, lastControl } from "../requirements/check.ts";
import type { Pair, Side } from "./difference.ts";
import { observe, observeEvents, type Observation } from "./observe.ts";
import type { OffsetName, Operation } from "./operations.ts";

/** What is known of a path on both servers. */
export interface PathState {
  readonly offsets: Pair[];
  readonly etags: Pair[];
  /** A stream at the path was deleted. */
  recreated: boolean;
  /** The servers' states are known to differ. */
  apart: boolean;
}

export interface Place {
  readonly side: Side;
  readonly session: Session;
  /** In front of the names of the three paths. */
  readonly base: string;
  readonly paths: readonly PathState[];
}

export interface Performed {
  readonly observation: Observation;
  /** The offset that the answer gave, or "". */
  readonly offset: string;
  /** The ETag of a catch-up answer, or "". */
  readonly etag: string;
}

/** By then the request has reached a server on the same machine. */
const POLL_STANDS_MS = 100;

/** Longer than a server under test may let a long-poll wait. */
const ANSWER_TIMEOUT_MS = 60_000;

const METHODS = {
  create: "PUT",
  fork: "PUT",
  append: "POST",
  head: "HEAD",
  delete: "DELETE",
  read: "GET",
  poll: "GET",
} as const;

export async function perform(operation: Operation, place: Place): Promise<Performed> {
  if (operation.kind === "follow") return follow(operation, place);
  const answer =
    operation.kind === "wake" ? await wake(operation, place) : await send(operation, place);
  const { status } = answer;
  return {
    observation: observe(answer, place.session.prefix),
    offset: status < 300 ? answer.nextOffset : "",
    etag: status === 200 && operation.kind === "read" ? (answer.header("ETag") ?? "") : "",
  };
}

type Of<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

async function follow(operation: Of<"follow">, place: Place): Promise<Performed> {
  const { session } = place;
  const target = withQuery(operation, place, { live: "sse" });
  const followed = await session.follow(target, { until: caughtUp, timeoutMs: 10_000 });
  const answered = observe(followed.answer, session.prefix);
  if (!followed.events.some(({ event }) => event === "control")) {
    return { observation: answered, offset: "", etag: "" };
  }
  const offset = String(lastControl(followed).streamNextOffset);
  return { observation: observeEvents(followed, answered), offset, etag: "" };
}

/** @returns what the long-poll was answered */
async function wake({ type, headers, body, path }: Of<"wake">, place: Place): Promise<Answer> {
  const target = pathOf(path, place);
  const polling = place.session.send("GET", `${target}?offset=now&live=long-poll`);
  await pause(POLL_STANDS_MS);
  await place.session.send("POST", target, { headers: { "Content-Type": type, ...headers }, body });
  return polling;
}

function send(
  operation: Exclude<Operation, Of<"follow"> | Of<"wake">>,
  place: Place,
): Promise<Answer> {
  const body = "body" in operation ? operation.body : null;
  return place.session.send(METHODS[operation.kind], targetOf(operation, place), {
    headers: headersOf(operation, place),
    timeoutMs: ANSWER_TIMEOUT_MS,
    ...(body === null ? {} : { body }),
  });
}

function headersOf(operation: Operation, place: Place): Readonly<Record<string, string>> {
  const headers: Record<string, string> = "headers" in operation ? { ...operation.headers } : {};
  if ("type" in operation && operation.type !== null) headers["Content-Type"] = operation.type;
  if (operation.kind === "fork") {
    headers["Stream-Forked-From"] = place.session.prefix + pathOf(operation.source, place);
    const at = offsetOf(operation.at, operation.source, place);
    if (at !== undefined) headers["Stream-Fork-Offset"] = at;
  }
  if (operation.kind === "read" && operation.etag !== null) {
    const etags = place.paths[operation.path]?.etags ?? [];
    const etag = etags[operation.etag % Math.max(1, etags.length)];
    if (etag !== undefined) headers["If-None-Match"] = etag[place.side];
  }
  return headers;
}

function targetOf(operation: Operation, place: Place): string {
  if (operation.kind === "read") return withQuery(operation, place, {});
  if (operation.kind !== "poll") return pathOf(operation.path, place);
  const cursor = operation.cursor === null ? {} : { cursor: operation.cursor };
  return withQuery(operation, place, { live: "long-poll", ...cursor });
}

function withQuery(
  { path, from }: Of<"read"> | Of<"poll"> | Of<"follow">,
  place: Place,
  rest: Readonly<Record<string, string>>,
): string {
  const offset = offsetOf(from, path, place);
  const query = new URLSearchParams(offset === undefined ? rest : { offset, ...rest });
  return query.size === 0 ? pathOf(path, place) : `${pathOf(path, place)}?${query.toString()}`;
}

function offsetOf(name: OffsetName, path: number, { paths, side }: Place): string | undefined {
  if (name.kind === "omitted") return undefined;
  if (name.kind === "literal") return name.value;
  const offsets = paths[path]?.offsets ?? [];
  return offsets[name.n % Math.max(1, offsets.length)]?.[side] ?? "-1";
}

function pathOf(path: number, { base }: Place): string {
  return `${base}/${"abc"[path]}`;
}
