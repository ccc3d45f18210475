/** §4 and §4.1: the stream as a model, and its closure. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import {
  contentOf,
  expectContent,
  expectHeader,
  expectNoHeader,
  expectStatus,
  isTrue,
} from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };

export const closure: readonly Requirement[] = [
  {
    id: "4-01",
    level: "STATED",
    text: "Bytes at an offset never change; new data is only added after them.",
    tests: {
      "answers the same bytes from the same offset after more appends": async (s) => {
        const path = await s.create({ body: "one" });
        const first = await s.tail(path);
        await s.post(path, "two");
        const before = await contentOf(s, path, first);
        await s.post(path, "three");
        await s.post(path, "four", { headers: CLOSED });
        assert.equal(before, "two");
        assert.equal(await contentOf(s, path, first), "twothreefour");
      },
    },
  },
  {
    id: "4-02",
    level: "STATED",
    text: "An acknowledged append is read by every request that begins afterwards.",
    tests: {
      "shows each of 20 appends to the read that follows it": async (s) => {
        const path = await s.create();
        let expected = "";
        for (let n = 0; n < 20; n += 1) {
          expectStatus(await s.post(path, `${n};`), 204);
          expected += `${n};`;
          await expectContent(s, path, expected);
        }
      },
    },
  },
  {
    id: "4.1-01",
    level: "MUST",
    text: "`Stream-Closed` counts when its value is `true`, in any case.",
    tests: {
      "closes on TRUE and True": async (s) => {
        for (const value of ["TRUE", "True", "tRuE"]) {
          const path = await s.create();
          const answer = await s.post(path, "end", { headers: { "Stream-Closed": value } });
          expectStatus(answer, 204);
          expectHeader(await s.head(path), "Stream-Closed", /^true$/i);
        }
      },
      "creates closed on TRUE": async (s) => {
        const path = await s.create({ headers: { "Stream-Closed": "TRUE" } });
        expectHeader(await s.head(path), "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "4.1-02",
    level: "MUST",
    text: "Any other value of `Stream-Closed` counts as if the header were absent.",
    tests: {
      "stays open after false, yes, 1, an empty value and a repeated header": async (s) => {
        for (const value of ["false", "yes", "1", "", "true, true"]) {
          const path = await s.create();
          await s.post(path, "x", { headers: { "Stream-Closed": value } });
          expectNoHeader(await s.head(path), "Stream-Closed");
        }
      },
      "refuses an empty POST with `Stream-Closed: false` as it does without": async (s) => {
        const path = await s.create();
        const answer = await s.post(path, undefined, { headers: { "Stream-Closed": "false" } });
        expectStatus(answer, 400);
        expectNoHeader(await s.head(path), "Stream-Closed");
      },
      "creates an open stream on `Stream-Closed: 1`": async (s) => {
        const path = await s.create({ headers: { "Stream-Closed": "1" } });
        expectNoHeader(await s.head(path), "Stream-Closed");
      },
    },
  },
  {
    id: "4.1-03",
    level: "SHOULD NOT",
    text: "Another value of `Stream-Closed` is not answered with an error.",
    tests: {
      "appends with `Stream-Closed: no`": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "x", { headers: { "Stream-Closed": "no" } }), 204);
        await expectContent(s, path, "x");
      },
    },
  },
  {
    id: "4.1-04",
    level: "STATED",
    text: "A closed stream is never open again.",
    tests: {
      "stays closed after appends, a PUT and closing again": async (s) => {
        const path = await s.create({ body: "a" });
        await s.close(path);
        await s.post(path, "b");
        await s.put(path);
        await s.close(path);
        expectHeader(await s.head(path), "Stream-Closed", /^true$/i);
        await expectContent(s, path, "a");
      },
    },
  },
  {
    id: "4.1-05",
    level: "STATED",
    text: "A closed stream's data stays readable.",
    tests: {
      "reads everything after closure": async (s) => {
        const path = await s.create({ body: "a" });
        await s.post(path, "b");
        await s.close(path);
        await expectContent(s, path, "ab");
      },
    },
  },
  {
    id: "4.1-06",
    level: "STATED",
    text: "An append that closes is one step: nobody sees the closure without the data or data behind it.",
    tests: {
      "never gets between the last append and the closure": async (s) => {
        const path = await s.create();
        const closing = s.post(path, "last", { headers: CLOSED });
        const reads = await Promise.all(Array.from({ length: 6 }, () => s.get(path)));
        expectStatus(await closing, 204);
        for (const read of reads) {
          assert.equal(
            read.text === "last",
            isTrue(read, "Stream-Closed"),
            "Data and closure came apart.",
          );
        }
        await expectContent(s, path, "last");
      },
    },
  },
];
