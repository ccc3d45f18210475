/** Servers that are wrong in what they do with PUT, POST, DELETE and HEAD. */

import {
  always,
  answered,
  drops,
  isJson,
  pathOf,
  sets,
  to,
  tryJson,
  turns,
  without,
  withHeader,
  type Mutant,
} from "./edit.ts";
import type { ProxiedRequest } from "./proxy.ts";

const PRODUCER = ["producer-id", "producer-epoch", "producer-seq"];

function hasProducer(request: ProxiedRequest): boolean {
  return request.headers["producer-id"] !== undefined;
}

export const writing: readonly Mutant[] = [
  {
    name: "does not tell the new tail after an append",
    caughtBy: ["5.2-13"],
    ...drops("stream-next-offset", to("POST", 204)),
  },
  {
    name: "knows `Stream-Closed: true` in lower case only",
    caughtBy: ["4.1-01"],
    request: (r) => {
      const value = r.headers["stream-closed"];
      return value === undefined || value === "true" ? r : without(r, "stream-closed");
    },
  },
  {
    name: "closes on any value of Stream-Closed",
    caughtBy: ["4.1-02"],
    request: (r) =>
      r.headers["stream-closed"] === undefined ? r : withHeader(r, "stream-closed", "true"),
  },
  {
    name: "refuses other values of Stream-Closed",
    caughtBy: ["4.1-03"],
    instead: (r) => {
      const value = r.headers["stream-closed"] ?? "true";
      return value.toLowerCase() === "true" ? undefined : answered(400);
    },
  },
  {
    name: "forgets to close when it appends the last data",
    caughtBy: ["5.2-06", "4.1-01"],
    request: (r) => (r.method === "POST" && r.body.length > 0 ? without(r, "stream-closed") : r),
  },
  {
    name: "hides the closure when it refuses an append",
    caughtBy: ["5.2-14", "5.2-08", "5.2-15"],
    ...drops("stream-closed", to("POST", 409)),
  },
  {
    name: "hides the final offset when it refuses an append",
    caughtBy: ["5.2-14"],
    ...drops("stream-next-offset", to("POST", 409)),
  },
  {
    name: "refuses to close a closed stream",
    caughtBy: ["5.2-07"],
    instead: async (r, upstream) => {
      if (r.method !== "POST" || r.body.length > 0) return undefined;
      const { headers } = await upstream({ method: "HEAD", target: pathOf(r) });
      return headers["stream-closed"] === undefined ? undefined : answered(409);
    },
  },
  {
    name: "accepts an empty append",
    caughtBy: ["5.2-09"],
    ...turns(400, 204, (_, r) => r.method === "POST" && r.body.length === 0),
  },
  {
    name: "accepts any content type",
    caughtBy: ["5.2-01", "12-02"],
    request: async (r, upstream) => {
      if (r.method !== "POST") return r;
      const { headers } = await upstream({ method: "HEAD", target: pathOf(r) });
      const type = headers["content-type"];
      return type === undefined ? r : withHeader(r, "content-type", type);
    },
  },
  {
    name: "refuses to close for the sake of a Content-Type",
    caughtBy: ["5.2-02"],
    instead: (r) =>
      r.method === "POST" &&
      r.body.length === 0 &&
      !(r.headers["content-type"] ?? "").startsWith("text/plain")
        ? answered(409)
        : undefined,
  },
  {
    name: "ignores Stream-Seq",
    caughtBy: ["5.2-05", "12-03"],
    request: (r) => without(r, "stream-seq"),
  },
  {
    name: "compares Stream-Seq as numbers",
    caughtBy: ["5.2-04"],
    request: (r) => {
      const value = r.headers["stream-seq"];
      return value === undefined ? r : withHeader(r, "stream-seq", value.padStart(12, "0"));
    },
  },
  {
    name: "looks at the content type before it looks at closure",
    caughtBy: ["5.2-15"],
    answer: (a, r) =>
      r.method === "POST" && a.status === 409 && isJson(r) ? without(a, "stream-closed") : a,
  },
  {
    name: "answers a producer's append with 204",
    caughtBy: ["5.2.1-05"],
    ...turns(200, 204, to("POST")),
  },
  {
    name: "appends what a producer repeats",
    caughtBy: ["5.2.1-06", "5.2.1-12"],
    request: (r) => (r.method === "POST" ? without(r, ...PRODUCER) : r),
    answer: (a, r) => (hasProducer(r) && a.status === 204 ? { ...a, status: 200 } : a),
  },
  {
    name: "acknowledges a producer's gap as a duplicate",
    caughtBy: ["5.2.1-10", "5.2.1-12"],
    ...turns(409, 204, (a) => a.headers["producer-expected-seq"] !== undefined),
  },
  {
    name: "does not say which number it expects",
    caughtBy: ["5.2.1-10"],
    ...drops("producer-expected-seq", always),
  },
  {
    name: "does not say which epoch is current",
    caughtBy: ["5.2.1-07"],
    ...drops("producer-epoch", to("POST", 403)),
  },
  {
    name: "lets old epochs write",
    caughtBy: ["5.2.1-07", "5.2.1-09"],
    request: (r) => (hasProducer(r) ? withHeader(r, "producer-epoch", "0") : r),
  },
  {
    name: "rounds epochs to 32 bits",
    caughtBy: ["5.2.1-03"],
    request: (r) => {
      const epoch = Number(r.headers["producer-epoch"]);
      return Number.isSafeInteger(epoch) && epoch > 2 ** 32
        ? withHeader(r, "producer-epoch", String(epoch % 2 ** 32))
        : r;
    },
  },
  {
    name: "takes one producer header for all three",
    caughtBy: ["5.2.1-01"],
    request: (r) =>
      PRODUCER.every((name) => r.headers[name] !== undefined) ? r : without(r, ...PRODUCER),
  },
  {
    name: "takes any two producers for one",
    caughtBy: ["5.2.1-14"],
    request: (r) => (hasProducer(r) ? withHeader(r, "producer-id", "one") : r),
  },
  {
    name: "answers 200 to a PUT with another configuration",
    caughtBy: ["5.1-02", "5.1-03"],
    ...turns(409, 200, to("PUT")),
  },
  {
    name: "answers 409 to every second PUT",
    caughtBy: ["5.1-01"],
    ...turns(200, 409, to("PUT")),
  },
  {
    name: "names another path in Location",
    caughtBy: ["5.1-09"],
    ...sets("location", "/elsewhere", to("PUT", 201)),
  },
  {
    name: "takes +3600 for 3600",
    caughtBy: ["5.1-05"],
    request: (r) => {
      const ttl = Number(r.headers["stream-ttl"]);
      return Number.isSafeInteger(ttl) && ttl >= 0 ? withHeader(r, "stream-ttl", String(ttl)) : r;
    },
  },
  {
    name: "lets HEAD lengthen a stream's life",
    caughtBy: ["5.1-14"],
    request: async (r, upstream) => {
      if (r.method === "HEAD") await upstream({ method: "GET", target: r.target });
      return r;
    },
  },
  {
    name: "ignores the TTL",
    caughtBy: ["5.1-13", "5.5-04"],
    request: (r) => (r.method === "PUT" ? without(r, "stream-ttl") : r),
  },
  {
    name: "does not delete",
    caughtBy: ["5.4-01", "5.4-02"],
    instead: (r) => (r.method === "DELETE" ? answered(204) : undefined),
  },
  {
    name: "lets caches keep the answers to HEAD",
    caughtBy: ["5.5-06", "12-06"],
    ...sets("cache-control", "public, max-age=60", to("HEAD")),
  },
  {
    name: "says of every stream that it is open",
    caughtBy: ["5.5-05", "4.1-04"],
    ...drops("stream-closed", to("HEAD")),
  },
  {
    name: "ignores the fork offset",
    caughtBy: ["4.2-01"],
    request: (r) => without(r, "stream-fork-offset"),
  },
  {
    name: "ignores the sub-offset",
    caughtBy: ["4.2-03", "4.2-04", "4.2-11"],
    request: (r) => without(r, "stream-fork-sub-offset"),
  },
  {
    name: "answers 404 where a stream is soft-deleted",
    caughtBy: ["4.2-22", "5.4-05"],
    ...turns(410, 404, always),
  },
  {
    name: "flattens arrays to the bottom",
    caughtBy: ["9.1-03"],
    request: (r) => {
      const value = r.method === "POST" && isJson(r) ? tryJson(r.body) : undefined;
      if (!Array.isArray(value)) return r;
      return { ...r, body: Buffer.from(JSON.stringify(value.flat(10))) };
    },
  },
  {
    name: "accepts an empty array",
    caughtBy: ["9.1-04"],
    ...turns(400, 204, (_, r) => isJson(r) && /^\s*\[\s*\]\s*$/.test(r.body.toString())),
  },
  {
    name: "stores what is no JSON as a string",
    caughtBy: ["9.1-06"],
    request: (r) => {
      if (!isJson(r) || r.body.length === 0 || tryJson(r.body) !== undefined) return r;
      return { ...r, body: Buffer.from(JSON.stringify(r.body.toString())) };
    },
  },
  {
    name: "acknowledges appends to closed streams",
    caughtBy: ["5.2-14", "5.2.1-16"],
    ...turns(409, 204, (a) => a.headers["stream-closed"] !== undefined),
  },
];
