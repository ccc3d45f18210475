/** Servers that are wrong in ways that show in a history: what is lost, repeated, reordered or late. */

import {
  backwards,
  catchUp,
  changeMessages,
  everyNth,
  isJson,
  isToken,
  pathOf,
  query,
  turns,
  without,
  type Mutant,
} from "./edit.ts";
import type { ProxiedAnswer, ProxiedRequest } from "./proxy.ts";

const NTH = 7;

/** An append of which nothing but the body counts. */
function isPlainAppend({ method, headers, body }: ProxiedRequest): boolean {
  const isCoordinated = ["producer-id", "stream-seq", "stream-closed"].some(
    (name) => name in headers,
  );
  return method === "POST" && body.length > 0 && !isCoordinated;
}

/** What a server with a cache that it does not clear would answer: the same for as long as the proxy lives. */
function remember(
  isCached: (request: ProxiedRequest) => boolean,
): Pick<Mutant, "instead" | "answer"> {
  const answers = new Map<string, ProxiedAnswer>();
  const hits = everyNth(3);
  return {
    instead: (r) => (isCached(r) && hits() ? answers.get(`${r.method} ${r.target}`) : undefined),
    answer: (a, r) => {
      if (isCached(r) && a.status === 200) answers.set(`${r.method} ${r.target}`, a);
      return a;
    },
  };
}

const [loses, doubles, refuses] = [everyNth(NTH), everyNth(NTH), everyNth(NTH)];
const [corrupts, skips, repeats] = [everyNth(NTH), everyNth(NTH), everyNth(NTH)];

/** Caught by rules of the characterisation suite. */
export const LOADED_MUTANTS: readonly Mutant[] = [
  {
    name: "acknowledges appends that it does not store",
    caughtBy: ["acknowledged-is-read"],
    instead: async (r, upstream) => {
      if (!isPlainAppend(r) || !loses()) return undefined;
      const head = await upstream({ method: "HEAD", target: pathOf(r) });
      return { ...head, status: 204 };
    },
  },
  {
    name: "stores some appends twice",
    caughtBy: ["read-once"],
    request: async (r, upstream) => {
      if (isPlainAppend(r) && doubles()) await upstream(r);
      return r;
    },
  },
  {
    name: "stores what it refuses",
    caughtBy: ["refused-is-not-read"],
    answer: (a, r) =>
      isPlainAppend(r) && a.status === 204 && refuses() ? { ...a, status: 409 } : a,
  },
  {
    name: "swaps two messages in some reads",
    caughtBy: ["one-order"],
    answer: (a, r) =>
      catchUp(a, r)
        ? changeMessages(a, (all) => [...all.slice(0, -2), ...all.slice(-2).toReversed()])
        : a,
  },
  {
    name: "skips a message in some reads",
    caughtBy: ["one-order"],
    answer: (a, r) =>
      catchUp(a, r) && isToken(query(r).get("offset")) && skips()
        ? changeMessages(a, (all) => all.slice(1))
        : a,
  },
  {
    name: "repeats a message in some reads",
    caughtBy: ["one-order"],
    answer: (a, r) =>
      catchUp(a, r) && repeats() ? changeMessages(a, (all) => [...all, ...all.slice(-1)]) : a,
  },
  {
    name: "changes a byte in some reads",
    caughtBy: ["one-order"],
    answer: (a, r) =>
      catchUp(a, r) && !isJson(a) && a.body.length > 8 && corrupts()
        ? {
            ...a,
            body: Buffer.concat([a.body.subarray(0, 4), Buffer.from("~"), a.body.subarray(5)]),
          }
        : a,
  },
  {
    name: "answers reads from a cache that it does not clear",
    caughtBy: ["read-your-writes"],
    ...remember((r) => r.method === "GET" && !query(r).has("live")),
  },
  {
    name: "answers HEAD from a cache that it does not clear",
    caughtBy: ["head-never-goes-back"],
    ...remember((r) => r.method === "HEAD"),
  },
  {
    name: "does not recognise what a producer repeats",
    caughtBy: ["producer-once"],
    request: (r) => without(r, "producer-id", "producer-epoch", "producer-seq"),
  },
  {
    name: "ignores Stream-Seq under load",
    caughtBy: ["stream-seq-order"],
    request: (r) => without(r, "stream-seq"),
  },
  {
    name: "acknowledges appends to a closed stream",
    caughtBy: ["closed-refuses"],
    ...turns(409, 204, (a) => a.headers["stream-closed"] !== undefined),
  },
  {
    name: "does not tell readers that the stream is closed",
    caughtBy: ["closed-is-final"],
    answer: (a, r) => (r.method === "GET" ? without(a, "stream-closed") : a),
  },
  {
    name: "gives offsets that sort backwards",
    caughtBy: ["offsets-increase"],
    ...backwards,
  },
];
