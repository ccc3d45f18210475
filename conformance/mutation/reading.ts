/** Servers that are wrong in what they answer to catch-up reads, and to all requests. */

import {
  backwards,
  always,
  changeMessages,
  isToken,
  answered,
  catchUp,
  drops,
  isJson,
  pathOf,
  query,
  sets,
  to,
  turns,
  without,
  withHeader,
  withQuery,
  type Mutant,
} from "./edit.ts";

export const reading: readonly Mutant[] = [
  {
    name: "never says up to date",
    caughtBy: ["5.6-08"],
    ...drops("stream-up-to-date", catchUp),
  },
  {
    name: "always says up to date",
    caughtBy: ["5.6-09"],
    ...sets("stream-up-to-date", "true", catchUp),
  },
  {
    name: "forgets closure in reads",
    caughtBy: ["5.6-05", "5.6-10", "5.6-13"],
    ...drops("stream-closed", catchUp),
  },
  {
    name: "says closed with every part of a closed stream",
    caughtBy: ["5.6-11"],
    answer: async (a, r, upstream) => {
      if (!catchUp(a, r)) return a;
      const { headers } = await upstream({ method: "HEAD", target: pathOf(r) });
      return headers["stream-closed"] === undefined ? a : withHeader(a, "stream-closed", "true");
    },
  },
  {
    name: "says closed of open streams that are read to the end",
    caughtBy: ["5.6-12"],
    answer: (a, r) =>
      catchUp(a, r) && a.headers["stream-up-to-date"] !== undefined
        ? withHeader(a, "stream-closed", "true")
        : a,
  },
  {
    name: "repeats the last byte of what was read before",
    caughtBy: ["5.6-02", "5.6-03"],
    answer: (a, r) =>
      catchUp(a, r) && isToken(query(r).get("offset")) && a.body.length > 0 && !isJson(a)
        ? { ...a, body: Buffer.concat([a.body.subarray(0, 1), a.body]) }
        : a,
  },
  {
    name: "repeats a read's content",
    caughtBy: ["5.6-01", "5.6-02"],
    answer: (a, r) =>
      catchUp(a, r) && !isJson(a) ? { ...a, body: Buffer.concat([a.body, a.body]) } : a,
  },
  {
    name: "answers offsets that sort backwards",
    caughtBy: ["8-01", "5.2-13"],
    ...backwards,
  },
  {
    name: "gives -1 as the offset of an empty stream",
    caughtBy: ["8-15"],
    answer: (a) => {
      const offset = a.headers["stream-next-offset"];
      return offset !== undefined && /^[0_]+$/.test(offset)
        ? withHeader(a, "stream-next-offset", "-1")
        : a;
    },
  },
  {
    name: "puts a slash into offsets",
    caughtBy: ["8-04", "8-05"],
    request: (r) => ({ ...r, target: r.target.replace(/offset=([0-9]+)(%2F|\/)/, "offset=$1_") }),
    answer: (a) => {
      const offset = a.headers["stream-next-offset"];
      return isToken(offset) ? withHeader(a, "stream-next-offset", offset.replace("_", "/")) : a;
    },
  },
  {
    name: "does not know the offset -1",
    caughtBy: ["8-07"],
    instead: (r) => (query(r).get("offset") === "-1" ? answered(400) : undefined),
  },
  {
    name: "answers offset=now with everything",
    caughtBy: ["8-08"],
    request: (r) =>
      query(r).get("offset") === "now" && !query(r).has("live")
        ? withQuery(r, (q) => q.set("offset", "-1"))
        : r,
  },
  {
    name: "lets caches keep the answers to offset=now",
    caughtBy: ["8-10"],
    ...sets(
      "cache-control",
      "public, max-age=60",
      (a, r) => catchUp(a, r) && query(r).get("offset") === "now",
    ),
  },
  {
    name: "lets caches keep empty answers at the tail",
    caughtBy: ["10-10"],
    ...sets("cache-control", "public, max-age=60", (a, r) => catchUp(a, r) && a.body.length === 0),
  },
  {
    name: "takes a malformed offset for the beginning",
    caughtBy: ["5.6-06"],
    request: (r) => {
      const offset = query(r).get("offset");
      const known = offset === null || offset === "-1" || offset === "now" || isToken(offset);
      return known ? r : withQuery(r, (q) => q.set("offset", "-1"));
    },
  },
  {
    name: "answers 404 with an empty 200",
    caughtBy: ["5.6-07", "5.4-01"],
    ...turns(404, 200, to("GET")),
  },
  {
    name: "answers reads with another content type",
    caughtBy: ["5.6-14"],
    ...sets("content-type", "application/octet-stream", catchUp),
  },
  {
    name: "gives no ETag",
    caughtBy: ["10-02"],
    ...drops("etag", always),
  },
  {
    name: "does not look at If-None-Match",
    caughtBy: ["10-03"],
    request: (r) => without(r, "if-none-match"),
  },
  {
    name: "answers 304 to any If-None-Match",
    caughtBy: ["10-04", "5.4-03"],
    instead: (r) => (r.headers["if-none-match"] === undefined ? undefined : answered(304)),
  },
  {
    name: "makes ETags of offsets alone, without closure",
    caughtBy: ["10-05"],
    request: (r) => without(r, "if-none-match"),
    answer: (a, r) => {
      if (!catchUp(a, r)) return a;
      const etag = `"${query(r).get("offset") ?? "-1"}:${a.headers["stream-next-offset"] ?? ""}"`;
      const tagged = withHeader(a, "etag", etag);
      return r.headers["if-none-match"] === etag
        ? { ...tagged, status: 304, body: Buffer.alloc(0) }
        : tagged;
    },
  },
  {
    name: "lets caches keep nothing",
    caughtBy: ["10-01"],
    ...sets("cache-control", "no-store", catchUp),
  },
  {
    name: "answers a single message without its array",
    caughtBy: ["9.1-02"],
    answer: (a, r) =>
      catchUp(a, r) ? changeMessages(a, (values) => (values.length === 1 ? values[0] : values)) : a,
  },
  {
    name: "answers an empty body where there are no messages",
    caughtBy: ["9.1-08", "8-08"],
    answer: (a, r) =>
      catchUp(a, r) && a.body.toString() === "[]" ? { ...a, body: Buffer.alloc(0) } : a,
  },
  {
    name: "swaps the last two messages",
    caughtBy: ["9.1-01", "9.1-02"],
    answer: (a, r) =>
      catchUp(a, r)
        ? changeMessages(a, (values) => [...values.slice(0, -2), ...values.slice(-2).toReversed()])
        : a,
  },
  {
    name: "leaves nosniff out of errors",
    caughtBy: ["12-04"],
    ...drops("x-content-type-options", (a) => a.status >= 400),
  },
  {
    name: "says nothing about cross-origin use",
    caughtBy: ["12-05"],
    ...drops("cross-origin-resource-policy", always),
  },
  {
    name: "reads files for paths with dots",
    caughtBy: ["12-01"],
    instead: (r) =>
      r.method === "GET" && decodeURI(pathOf(r).replaceAll(/%(?![0-7])/g, "")).includes("../")
        ? { ...answered(200), body: Buffer.from("root:x:0:0:root:/root:/bin/sh\n") }
        : undefined,
  },
  {
    name: "does not tell upper from lower case in paths",
    caughtBy: ["3-03"],
    request: (r) => ({ ...r, target: r.target.toLowerCase() }),
  },
  {
    name: "changes a byte of what was read before",
    caughtBy: ["4-01", "5.6-02"],
    answer: (a, r) =>
      catchUp(a, r) && isToken(query(r).get("offset")) && a.body.length > 4 && !isJson(a)
        ? { ...a, body: Buffer.concat([a.body.subarray(0, -1), Buffer.from("?")]) }
        : a,
  },
];
