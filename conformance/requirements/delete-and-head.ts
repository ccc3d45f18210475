/** §5.4 and §5.5: deleting streams and asking about them. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectHeader, expectNoHeader, expectStatus, expectText } from "./check.ts";

export const deleteAndHead: readonly Requirement[] = [
  {
    id: "5.4-01",
    level: "STATED",
    text: "DELETE is answered 204 and the stream with its data is gone.",
    tests: {
      "answers 404 to everything afterwards": async (s) => {
        const path = await s.create({ body: "a" });
        const offset = await s.tail(path);
        expectStatus(await s.delete(path), 204);
        expectStatus(await s.head(path), 404);
        expectStatus(await s.get(path), 404);
        expectStatus(await s.poll(path, offset), 404);
        expectStatus((await s.sse(path, "-1")).answer, 404);
        expectStatus(await s.post(path, "b"), 404);
        expectStatus(await s.delete(path), 404);
      },
      "keeps no data for a stream created there again": async (s) => {
        const path = await s.create({ body: "old" });
        await s.delete(path);
        if ((await s.put(path)).status === 201) expectText(await s.get(path), "");
      },
    },
  },
  {
    id: "5.4-02",
    level: "STATED",
    text: "DELETE of a stream that does not exist is answered 404.",
    tests: {
      "answers 404": async (s) => {
        expectStatus(await s.delete(s.path()), 404);
      },
    },
  },
  {
    id: "5.4-03",
    level: "STATED",
    text: "A stream that is deleted and created again does not answer with what the old one held.",
    tests: {
      "gives no 304 and no old bytes for the old stream's ETag and offset": async (s) => {
        const path = await s.create({ body: "old" });
        const old = await s.get(path, { offset: "-1" });
        await s.delete(path);
        // "If a stream is deleted a new stream SHOULD NOT be created at the same URL": a refusal is fine too.
        if ((await s.put(path, { body: "new" })).status !== 201) return;
        const etag = old.header("ETag") ?? "";
        const conditional = await s.get(path, { offset: "-1" }, { "If-None-Match": etag });
        assert.notEqual(
          conditional.status,
          304,
          "The new stream's content passes for the old one's.",
        );
        assert(!(await s.get(path, { offset: "-1" })).text.includes("old"));
      },
    },
  },
  {
    id: "5.5-01",
    level: "STATED",
    text: "HEAD is answered 200 with the stream's `Content-Type` and its tail in `Stream-Next-Offset`.",
    tests: {
      "describes the stream and follows its tail": async (s) => {
        const path = await s.create({ type: "application/octet-stream" });
        const before = await s.head(path);
        expectStatus(before, 200);
        expectHeader(before, "Content-Type", /^application\/octet-stream/);
        const { nextOffset } = await s.post(path, "abc", { type: "application/octet-stream" });
        expectHeader(await s.head(path), "Stream-Next-Offset", nextOffset);
        assert.notEqual(before.nextOffset, nextOffset);
      },
    },
  },
  {
    id: "5.5-02",
    level: "STATED",
    text: "HEAD transfers no body, whatever its status.",
    tests: {
      "sends no byte for a stream, for none and for a bad request": async (s) => {
        const path = await s.create({ body: "content" });
        for (const target of [path, s.path(), `${path}?offset=%2F`]) {
          const answer = await s.head(target);
          assert.equal(answer.body.length, 0, `${answer.body.length} bytes came.`);
        }
        // A body after HEAD would be taken for the next answer on the same connection.
        expectText(await s.get(path), "content");
      },
    },
  },
  {
    id: "5.5-03",
    level: "STATED",
    text: "HEAD of a stream that does not exist is answered 404.",
    tests: {
      "answers 404": async (s) => {
        expectStatus(await s.head(s.path()), 404);
      },
    },
  },
  {
    id: "5.5-04",
    level: "STATED",
    text: "HEAD tells the TTL or the time of expiry, if there is one.",
    tests: {
      "tells Stream-TTL": async (s) => {
        const answer = await s.head(await s.create({ headers: { "Stream-TTL": "3600" } }));
        expectHeader(answer, "Stream-TTL", "3600");
        expectNoHeader(answer, "Stream-Expires-At");
      },
      "tells Stream-Expires-At": async (s) => {
        const at = "2099-01-01T00:00:00Z";
        const answer = await s.head(await s.create({ headers: { "Stream-Expires-At": at } }));
        assert.equal(Date.parse(answer.header("Stream-Expires-At") ?? ""), Date.parse(at));
        expectNoHeader(answer, "Stream-TTL");
      },
      "tells neither when there is none": async (s) => {
        const answer = await s.head(await s.create());
        expectNoHeader(answer, "Stream-TTL");
        expectNoHeader(answer, "Stream-Expires-At");
      },
    },
  },
  {
    id: "5.5-05",
    level: "STATED",
    text: "HEAD carries `Stream-Closed: true` when the stream is closed, and only then.",
    tests: {
      "tells open from closed": async (s) => {
        const path = await s.create({ body: "a" });
        expectNoHeader(await s.head(path), "Stream-Closed");
        await s.close(path);
        expectHeader(await s.head(path), "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.5-06",
    level: "SHOULD",
    text: "Answers to HEAD are not kept by caches.",
    tests: {
      "forbids storing or demands revalidation": async (s) => {
        expectHeader(
          await s.head(await s.create()),
          "Cache-Control",
          /no-store|no-cache|max-age=0.*must-revalidate/,
        );
      },
    },
  },
];
