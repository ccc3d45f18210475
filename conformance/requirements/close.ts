/** §5.2 and §5.3: closing streams, and what comes after. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectContent, expectHeader, expectStatus } from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };

export const close: readonly Requirement[] = [
  {
    id: "5.2-02",
    level: "MUST NOT",
    text: "A closing request without a body is not refused for its Content-Type.",
    tests: {
      "closes with another Content-Type, with none and with nonsense": async (s) => {
        for (const type of ["application/json", null, "nonsense"]) {
          const path = await s.create();
          const answer = await s.post(path, undefined, { type, headers: CLOSED });
          expectStatus(answer, 204);
          expectHeader(await s.head(path), "Stream-Closed", /^true$/i);
        }
      },
    },
  },
  {
    id: "5.2-06",
    level: "STATED",
    text: "An append with `Stream-Closed: true` adds the body and closes the stream.",
    tests: {
      "appends, closes and says so": async (s) => {
        const path = await s.create({ body: "a" });
        const answer = await s.post(path, "b", { headers: CLOSED });
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Closed", /^true$/i);
        expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
        await expectContent(s, path, "ab");
        expectStatus(await s.post(path, "c"), 409);
      },
    },
  },
  {
    id: "5.2-07",
    level: "SHOULD",
    text: "Closing a closed stream without a body is answered 204 with `Stream-Closed: true`.",
    tests: {
      "answers every further close alike": async (s) => {
        const path = await s.create({ body: "a" });
        for (let n = 0; n < 3; n += 1) {
          const answer = await s.close(path);
          expectStatus(answer, 204);
          expectHeader(answer, "Stream-Closed", /^true$/i);
        }
      },
    },
  },
  {
    id: "5.2-08",
    level: "MUST",
    text: "An append with a body and `Stream-Closed: true` to a closed stream is answered 409 with `Stream-Closed: true`.",
    tests: {
      "refuses a second append-and-close": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "end", { headers: CLOSED }), 204);
        const answer = await s.post(path, "end", { headers: CLOSED });
        expectStatus(answer, 409);
        expectHeader(answer, "Stream-Closed", /^true$/i);
        await expectContent(s, path, "end");
      },
    },
  },
  {
    id: "5.2-14",
    level: "MUST",
    text: "An append to a closed stream is answered 409 with `Stream-Closed: true` and the final offset.",
    tests: {
      "says that and where the stream ended": async (s) => {
        const path = await s.create({ body: "a" });
        const final = (await s.close(path)).nextOffset;
        const answer = await s.post(path, "b");
        expectStatus(answer, 409);
        expectHeader(answer, "Stream-Closed", /^true$/i);
        expectHeader(answer, "Stream-Next-Offset", final);
        await expectContent(s, path, "a");
      },
    },
  },
  {
    id: "5.2-15",
    level: "SHOULD",
    text: "Closure is looked at before content type and `Stream-Seq`.",
    tests: {
      "shows closure to a body of another type": async (s) => {
        const path = await s.create({ headers: CLOSED });
        const answer = await s.post(path, "1", { type: "application/json" });
        expectStatus(answer, 409);
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
      "shows closure to an old Stream-Seq": async (s) => {
        const path = await s.create();
        await s.post(path, "a", { headers: { "Stream-Seq": "5", ...CLOSED } });
        const answer = await s.post(path, "b", { headers: { "Stream-Seq": "1" } });
        expectStatus(answer, 409);
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.3-01",
    level: "STATED",
    text: "A POST with `Stream-Closed: true` and no body closes the stream: 204, `Stream-Closed: true`, the tail unchanged.",
    tests: {
      "closes without moving the tail": async (s) => {
        const path = await s.create({ body: "a" });
        const tail = await s.tail(path);
        const answer = await s.close(path);
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Closed", /^true$/i);
        expectHeader(answer, "Stream-Next-Offset", tail);
        assert.equal(await s.tail(path), tail);
      },
    },
  },
  {
    id: "5.3-02",
    level: "STATED",
    text: "Closing a stream that does not exist is answered 404.",
    tests: {
      "answers 404": async (s) => {
        expectStatus(await s.close(s.path()), 404);
      },
    },
  },
];
