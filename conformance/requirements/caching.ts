/** §10: caching, ETags and cursors. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import { caughtUp, controlsOf, expectHeader, expectNoHeader, expectStatus } from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };
const CATCH_UP = /^(public|private), max-age=60, stale-while-revalidate=300$/;
/** What lets a shared cache answer in the server's place. */
const CACHEABLE =
  /(^|[\s,])(max-age=[1-9]|s-maxage=[1-9]|stale-while-revalidate=[1-9]|immutable|public)/;
const UNCACHED = /no-store|no-cache|private|max-age=0/;

async function etagOf(s: Subject, path: string, offset = "-1"): Promise<string> {
  return (await s.get(path, { offset })).header("ETag") ?? "";
}

/** A cursor that no clock reaches in this century. */
const AHEAD = "999999999";

function expectGreater(cursor: unknown, than: string): void {
  assert(typeof cursor === "string" && /^[0-9]+$/.test(cursor), `The cursor is ${String(cursor)}.`);
  assert(BigInt(cursor) > BigInt(than), `Cursor ${cursor} is not greater than ${than}.`);
}

async function liveCursors(s: Subject, path: string, cursor: string): Promise<readonly unknown[]> {
  const poll = await s.poll(path, "-1", { cursor });
  const atTail = await s.poll(path, "now", { cursor });
  const followed = await s.sse(path, "-1", { query: { cursor }, until: caughtUp });
  const events = controlsOf(followed).map((control) => control.streamCursor);
  return [poll.header("Stream-Cursor"), atTail.header("Stream-Cursor"), ...events];
}

export const caching: readonly Requirement[] = [
  {
    id: "10-01",
    level: "SHOULD",
    text: "Catch-up answers with data may be cached: `max-age=60, stale-while-revalidate=300`, public or private.",
    tests: {
      "says so": async (s) => {
        const path = await s.create({ body: "abc" });
        expectHeader(await s.get(path), "Cache-Control", CATCH_UP);
      },
    },
  },
  {
    id: "10-02",
    level: "MUST",
    text: "Answers to GET carry an `ETag`.",
    tests: {
      "comes with data, at the tail and on an empty stream": async (s) => {
        const path = await s.create({ body: "abc" });
        const whole = await s.get(path);
        expectHeader(whole, "ETag", /^(W\/)?"[^"]*"$/);
        const atTail = await s.get(path, { offset: whole.nextOffset });
        expectHeader(atTail, "ETag", /^(W\/)?"[^"]*"$/);
        expectHeader(await s.get(await s.create()), "ETag", /^(W\/)?"[^"]*"$/);
      },
      "comes with a long-poll's data": async (s) => {
        const path = await s.create({ body: "abc" });
        expectHeader(await s.poll(path, "-1"), "ETag", /^(W\/)?"[^"]*"$/);
      },
    },
  },
  {
    id: "10-03",
    level: "MUST",
    text: "A matching `If-None-Match` is answered 304 without a body.",
    tests: {
      "answers 304": async (s) => {
        const path = await s.create({ body: "abc" });
        const etag = await etagOf(s, path);
        const answer = await s.get(path, { offset: "-1" }, { "If-None-Match": etag });
        expectStatus(answer, 304);
        assert.equal(answer.body.length, 0);
      },
    },
  },
  {
    id: "10-04",
    level: "STATED",
    text: "An `If-None-Match` of other content is answered with the content.",
    tests: {
      "answers 200 to another tag": async (s) => {
        const path = await s.create({ body: "abc" });
        for (const tags of ['"other"', `"x${(await etagOf(s, path)).slice(1)}`]) {
          expectStatus(await s.get(path, { offset: "-1" }, { "If-None-Match": tags }), 200);
        }
      },
      "answers 200 after an append": async (s) => {
        const path = await s.create({ body: "abc" });
        const etag = await etagOf(s, path);
        await s.post(path, "def");
        const answer = await s.get(path, { offset: "-1" }, { "If-None-Match": etag });
        expectStatus(answer, 200);
        assert.equal(answer.text, "abcdef");
      },
      "answers 200 to the tag of another offset": async (s) => {
        const path = await s.create({ body: "abc" });
        const offset = await s.tail(path);
        await s.post(path, "def");
        const etag = await etagOf(s, path, offset);
        expectStatus(await s.get(path, { offset: "-1" }, { "If-None-Match": etag }), 200);
      },
    },
  },
  {
    id: "10-05",
    level: "MUST",
    text: "The ETag changes when the stream is closed.",
    tests: {
      "differs with data and at the tail": async (s) => {
        const path = await s.create({ body: "abc" });
        const tail = await s.tail(path);
        for (const offset of ["-1", tail]) expectHeader(await s.get(path, { offset }), "ETag");
        const open = [await etagOf(s, path), await etagOf(s, path, tail)];
        await s.close(path);
        const closed = [await etagOf(s, path), await etagOf(s, path, tail)];
        closed.forEach((etag, n) => assert.notEqual(etag, open[n]));
      },
      "gives no 304 that would hide the closure": async (s) => {
        const path = await s.create({ body: "abc" });
        const tail = await s.tail(path);
        const etags = [await etagOf(s, path), await etagOf(s, path, tail)] as const;
        await s.close(path);
        for (const [offset, etag] of [
          ["-1", etags[0]],
          [tail, etags[1]],
        ] as const) {
          const answer = await s.get(path, { offset }, { "If-None-Match": etag });
          expectStatus(answer, 200);
          expectHeader(answer, "Stream-Closed", /^true$/i);
        }
      },
    },
  },
  {
    id: "10-06",
    level: "STATED",
    text: "A cursor is a decimal number, and is on every live answer of an open stream.",
    tests: {
      "is a number in long-poll and SSE": async (s) => {
        const path = await s.create({ body: "abc" });
        for (const cursor of await liveCursors(s, path, "0")) {
          assert(
            typeof cursor === "string" && /^[0-9]+$/.test(cursor),
            `The cursor is ${String(cursor)}.`,
          );
        }
      },
    },
  },
  {
    id: "10-07",
    level: "MUST",
    text: "A cursor is strictly greater than the client's when that has been reached.",
    tests: {
      "advances the cursor that it gave": async (s) => {
        const path = await s.create({ body: "abc" });
        const first = (await s.poll(path, "-1")).header("Stream-Cursor") ?? "";
        for (const cursor of await liveCursors(s, path, first)) expectGreater(cursor, first);
      },
      "advances a cursor from the future": async (s) => {
        const path = await s.create({ body: "abc" });
        for (const cursor of await liveCursors(s, path, AHEAD)) expectGreater(cursor, AHEAD);
      },
    },
  },
  {
    id: "10-08",
    level: "MUST",
    text: "Cursors never go backwards.",
    tests: {
      "grows along a client's requests": async (s) => {
        const path = await s.create({ body: "abc" });
        let cursor = (await s.poll(path, "-1")).header("Stream-Cursor") ?? "";
        for (let n = 0; n < 5; n += 1) {
          const next = (await s.poll(path, "-1", { cursor })).header("Stream-Cursor") ?? "";
          expectGreater(next, cursor);
          cursor = next;
        }
      },
      "is not behind an old cursor of the client": async (s) => {
        const path = await s.create({ body: "abc" });
        const now = (await s.poll(path, "-1")).header("Stream-Cursor") ?? "0";
        const answer = await s.poll(path, "-1", { cursor: "1" });
        expectGreater(answer.header("Stream-Cursor"), String(BigInt(now) - 1n));
      },
    },
  },
  {
    id: "10-09",
    level: "SHOULD NOT",
    text: "A long-poll's 204 is not cached.",
    tests: {
      "gives caches no reason, open or closed": async (s) => {
        const open = await s.poll(await s.create(), "now");
        const closed = await s.poll(await s.create({ headers: CLOSED }), "now");
        for (const answer of [open, closed]) {
          expectStatus(answer, 204);
          assert.doesNotMatch(answer.header("Cache-Control") ?? "", CACHEABLE);
        }
      },
    },
  },
  {
    id: "10-10",
    level: "SHOULD",
    text: "An empty answer at the tail is not kept: it would hide new data and closure.",
    tests: {
      "may not be answered by a cache": async (s) => {
        const path = await s.create({ body: "abc" });
        const answer = await s.get(path, { offset: await s.tail(path) });
        expectHeader(answer, "Cache-Control", UNCACHED);
        assert.doesNotMatch(answer.header("Cache-Control") ?? "", CACHEABLE);
      },
    },
  },
  {
    id: "10-11",
    level: "STATED",
    text: "The ETag of a 304 and the closure of its stream agree: an open stream's 304 carries no `Stream-Closed`.",
    tests: {
      "answers 304 again for a closed stream's own tag": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const etag = await etagOf(s, path);
        expectStatus(await s.get(path, { offset: "-1" }, { "If-None-Match": etag }), 304);
      },
      "does not say closed for an open one": async (s) => {
        const path = await s.create({ body: "abc" });
        const etag = await etagOf(s, path);
        const answer = await s.get(path, { offset: "-1" }, { "If-None-Match": etag });
        expectNoHeader(answer, "Stream-Closed");
      },
    },
  },
  {
    id: "10-12",
    level: "STATED",
    text: "`If-None-Match` may hold several tags or `*` (RFC 9110, section 13.1.2).",
    tests: {
      "finds the tag in a list, and `*`": async (s) => {
        const path = await s.create({ body: "abc" });
        const etag = await etagOf(s, path);
        for (const tags of [`"other", ${etag}`, `${etag},"other"`, "*"]) {
          expectStatus(await s.get(path, { offset: "-1" }, { "If-None-Match": tags }), 304);
        }
      },
    },
  },
];
