/** §8: offsets and the values reserved by the protocol. */

import assert from "node:assert/strict";
import type { Answer } from "../harness/client.ts";
import type { Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import {
  caughtUp,
  contentOf,
  controlsOf,
  dataOf,
  expectHeader,
  expectIncreasing,
  expectJson,
  expectPrompt,
  expectStatus,
  expectText,
  has,
  lastControl,
} from "./check.ts";
import { appendDuringPoll } from "./follow.ts";

const CLOSED = { "Stream-Closed": "true" };
const JSON_TYPE = "application/json";

/** Every offset that a stream gives out in the course of a small life, in order. */
async function offsetsOf(s: Subject): Promise<string[]> {
  const path = await s.create();
  const offsets = [await s.tail(path)];
  for (let n = 0; n < 30; n += 1) {
    offsets.push((await s.post(path, "x".repeat(1 + ((n * 37) % 100)))).nextOffset);
  }
  return offsets;
}

function expectFinal(answer: Answer, offset: string): void {
  expectHeader(answer, "Stream-Closed", /^true$/i);
  expectHeader(answer, "Stream-Up-To-Date", /^true$/i);
  expectHeader(answer, "Stream-Next-Offset", offset);
}

export const offsets: readonly Requirement[] = [
  {
    id: "8-01",
    level: "MUST",
    text: "Offsets of later data sort after all earlier ones, byte by byte.",
    tests: {
      "increases strictly over 30 appends": async (s) => {
        expectIncreasing(await offsetsOf(s));
      },
      "increases strictly over parallel appends": async (s) => {
        const path = await s.create();
        const answers = await Promise.all(Array.from({ length: 20 }, () => s.post(path, "x")));
        answers.forEach((answer) => expectStatus(answer, 204));
        expectIncreasing(answers.map((answer) => answer.nextOffset).toSorted());
        assert.equal(await contentOf(s, path), "x".repeat(20));
      },
    },
  },
  {
    id: "8-02",
    level: "STATED",
    text: "An offset stays valid for the life of the stream.",
    tests: {
      "reads from every old offset after appends and closure": async (s) => {
        const path = await s.create();
        const given = [await s.tail(path)];
        for (let n = 0; n < 10; n += 1) given.push((await s.post(path, String(n))).nextOffset);
        await s.close(path);
        for (const [n, offset] of given.entries()) {
          assert.equal(await contentOf(s, path, offset), "0123456789".slice(n));
        }
      },
    },
  },
  {
    id: "8-03",
    level: "STATED",
    text: "No two positions have the same offset, and no position has two at its tail.",
    tests: {
      "gives different offsets for different tails and the same for the same": async (s) => {
        const given = await offsetsOf(s);
        assert.equal(new Set(given).size, given.length);
        const path = await s.create({ body: "a" });
        const tail = await s.tail(path);
        expectHeader(await s.get(path), "Stream-Next-Offset", tail);
        expectHeader(await s.get(path, { offset: "now" }), "Stream-Next-Offset", tail);
      },
    },
  },
  {
    id: "8-04",
    level: "MUST NOT",
    text: "An offset holds no `,`, `&`, `=`, `?` or `/`.",
    tests: {
      "has none of them": async (s) => {
        for (const offset of await offsetsOf(s)) assert.doesNotMatch(offset, /[,&=?/]/);
      },
    },
  },
  {
    id: "8-05",
    level: "SHOULD",
    text: "An offset uses URL-safe characters.",
    tests: {
      "needs no escapes": async (s) => {
        for (const offset of await offsetsOf(s)) assert.match(offset, /^[A-Za-z0-9._~-]+$/);
      },
    },
  },
  {
    id: "8-06",
    level: "SHOULD",
    text: "An offset is shorter than 256 characters.",
    tests: {
      "is short": async (s) => {
        for (const offset of await offsetsOf(s)) assert(offset.length < 256, offset);
      },
    },
  },
  {
    id: "8-07",
    level: "MUST",
    text: "`-1` reads from the beginning, in every mode.",
    tests: {
      "begins at the beginning": async (s) => {
        const path = await s.create({ body: "abc" });
        expectText(await s.get(path, { offset: "-1" }), "abc");
        expectText(await s.poll(path, "-1"), "abc");
        assert.equal(dataOf(await s.sse(path, "-1", { until: caughtUp })).join(""), "abc");
      },
      "begins at the beginning of an empty stream": async (s) => {
        expectText(await s.get(await s.create(), { offset: "-1" }), "");
      },
    },
  },
  {
    id: "8-08",
    level: "MUST",
    text: "`offset=now` is answered 200 without data: no bytes, or `[]` in JSON streams.",
    tests: {
      "answers no bytes": async (s) => {
        expectText(await s.get(await s.create({ body: "abc" }), { offset: "now" }), "");
      },
      "answers [] for JSON": async (s) => {
        const path = await s.create({ type: JSON_TYPE, body: "[1,2]" });
        const answer = await s.get(path, { offset: "now" });
        expectText(answer, "[]");
        expectHeader(answer, "Content-Type", /^application\/json/);
      },
    },
  },
  {
    id: "8-09",
    level: "MUST",
    text: "`offset=now` gives the tail and says `Stream-Up-To-Date: true`.",
    tests: {
      "gives the tail": async (s) => {
        const path = await s.create({ body: "abc" });
        const answer = await s.get(path, { offset: "now" });
        expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
        expectHeader(answer, "Stream-Up-To-Date", /^true$/i);
      },
    },
  },
  {
    id: "8-10",
    level: "SHOULD",
    text: "Answers to `offset=now` are `Cache-Control: no-store`.",
    tests: {
      "may not be stored, open or closed": async (s) => {
        const open = await s.create({ body: "abc" });
        const closed = await s.create({ body: "abc", headers: CLOSED });
        for (const path of [open, closed]) {
          expectHeader(await s.get(path, { offset: "now" }), "Cache-Control", /no-store/);
        }
      },
    },
  },
  {
    id: "8-11",
    level: "MUST",
    text: "A long-poll at `now` waits at once for new data.",
    tests: {
      "waits and answers only what is new": async (s) => {
        const path = await s.create({ body: "old" });
        const { appended, answer } = await appendDuringPoll(s, path, "new", "now");
        expectText(answer, "new");
        expectHeader(answer, "Stream-Next-Offset", appended.nextOffset);
      },
    },
  },
  {
    id: "8-12",
    level: "MUST",
    text: "A long-poll at `now` whose time is over gives the tail in `Stream-Next-Offset`, with 204 and `Stream-Up-To-Date`.",
    tests: {
      "answers 204 with the tail": async (s) => {
        const path = await s.create({ body: "old" });
        const answer = await s.poll(path, "now");
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
        expectHeader(answer, "Stream-Up-To-Date", /^true$/i);
      },
    },
  },
  {
    id: "8-13",
    level: "MUST",
    text: "SSE at `now` begins at the tail: its first control event has the tail and `upToDate: true`, and no old data comes.",
    tests: {
      "begins with a control event of the tail": async (s) => {
        const path = await s.create({ body: "old" });
        const tail = await s.tail(path);
        const followed = await s.sse(path, "now", { until: (events) => events.length > 0 });
        const control = controlsOf(followed)[0];
        assert.equal(control?.streamNextOffset, tail);
        assert.equal(control.upToDate, true);
      },
      "sends only what is new": async (s) => {
        const path = await s.create({ body: "old" });
        let posting: Promise<unknown> | undefined;
        const followed = await s.sse(path, "now", {
          until: (events) => {
            if (events.length > 0) posting ??= s.post(path, "new");
            return has("new")(events);
          },
        });
        await posting;
        assert.equal(dataOf(followed).join(""), "new");
      },
    },
  },
  {
    id: "8-14",
    level: "MUST",
    text: "`offset=now` on a closed stream signals the end at once, in every mode.",
    tests: {
      "answers catch-up with 200": async (s) => {
        for (const type of ["text/plain", JSON_TYPE]) {
          const path = await s.create({ type, body: "[1]", headers: CLOSED });
          const answer = await s.get(path, { offset: "now" });
          expectText(answer, type === JSON_TYPE ? "[]" : "");
          expectFinal(answer, await s.tail(path));
        }
      },
      "answers long-poll with 204": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const answer = await s.poll(path, "now");
        expectStatus(answer, 204);
        expectPrompt(answer);
        expectFinal(answer, await s.tail(path));
      },
      "answers SSE with one control event": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const followed = await s.sse(path, "now", { timeoutMs: 5_000 });
        assert.equal(followed.ended, "by server");
        assert.equal(followed.events.length, 1);
        const control = lastControl(followed);
        assert.equal(control.streamClosed, true);
        assert.equal(control.upToDate, true);
        assert.equal(control.streamNextOffset, await s.tail(path));
      },
    },
  },
  {
    id: "8-15",
    level: "MUST NOT",
    text: "`-1` and `now` are never given out as offsets.",
    tests: {
      "gives others, for empty and for full streams": async (s) => {
        for (const body of ["", "abc"]) {
          const path = await s.create({ body });
          const live = await s.sse(path, "now", { until: caughtUp });
          const given = [
            await s.tail(path),
            (await s.get(path)).nextOffset,
            (await s.get(path, { offset: "now" })).nextOffset,
            lastControl(live).streamNextOffset,
          ];
          for (const offset of given) assert(offset !== "-1" && offset !== "now" && offset !== "");
        }
      },
    },
  },
  {
    id: "8-16",
    level: "STATED",
    text: "An offset given for an empty stream reads what is appended later.",
    tests: {
      "reads from the beginning": async (s) => {
        const type = JSON_TYPE;
        const path = await s.create({ type });
        const offset = await s.tail(path);
        await s.post(path, "[1,2]", { type });
        expectJson(await s.get(path, { offset }), [1, 2]);
      },
    },
  },
];
