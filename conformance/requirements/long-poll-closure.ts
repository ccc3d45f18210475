/** §5.7: long-polls and closed streams. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectHeader, expectPrompt, expectStatus, expectText, isTrue } from "./check.ts";
import { actDuringPoll, pollAtTail } from "./follow.ts";

const CLOSED = { "Stream-Closed": "true" };

export const longPollClosure: readonly Requirement[] = [
  {
    id: "5.7-09",
    level: "MUST",
    text: "A long-poll's 204 carries `Stream-Closed: true` when the stream is closed.",
    tests: {
      "says so when the stream is closed while it waits": async (s) => {
        const { answer } = await actDuringPoll(
          s,
          () => s.create({ body: "abc" }),
          (path) => s.close(path),
        );
        expectStatus(answer, 204);
        expectPrompt(answer);
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.7-10",
    level: "MUST NOT",
    text: "A long-poll at the tail of a closed stream does not wait.",
    tests: {
      "answers in a moment": async (s) => {
        const path = await s.create({ body: "abc" });
        const { nextOffset } = await s.close(path);
        const limit = Math.min(s.options.longPollTimeoutMs * 0.7, 3_000);
        // A busy machine delays an answer now and then; a server that waits does so every time.
        const durations: number[] = [];
        while (durations.length < 4 && Math.min(...durations) >= limit) {
          durations.push((await s.poll(path, nextOffset)).durationMs);
        }
        const least = Math.min(...durations);
        assert(least < limit, `It took ${Math.round(least)} ms, the fastest of four.`);
      },
    },
  },
  {
    id: "5.7-11",
    level: "MUST",
    text: "A long-poll at the tail of a closed stream is answered 204 with `Stream-Closed` and `Stream-Up-To-Date`.",
    tests: {
      "signals the end": async (s) => {
        const path = await s.create({ body: "abc" });
        const { nextOffset } = await s.close(path);
        const answer = await s.poll(path, nextOffset);
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Closed", /^true$/i);
        expectHeader(answer, "Stream-Up-To-Date", /^true$/i);
        expectHeader(answer, "Stream-Next-Offset", nextOffset);
      },
      "signals the end of an empty stream": async (s) => {
        const path = await s.create({ headers: CLOSED });
        const answer = await pollAtTail(s, path);
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.7-12",
    level: "STATED",
    text: "The last data of an append that closes reaches a long-poll that waits.",
    tests: {
      "answers the data, and the closure then or at the next offset": async (s) => {
        const { path, acted, answer } = await actDuringPoll(
          s,
          () => s.create({ body: "abc" }),
          (waiting) => s.post(waiting, "last", { headers: CLOSED }),
        );
        const { nextOffset } = acted;
        expectText(answer, "last");
        expectHeader(answer, "Stream-Next-Offset", nextOffset);
        const end = isTrue(answer, "Stream-Closed") ? answer : await s.poll(path, nextOffset);
        expectHeader(end, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.7-13",
    level: "MUST",
    text: "A long-poll that reads to the end of a closed stream carries `Stream-Closed: true`, as a catch-up read does.",
    tests: {
      "says so with the data": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const answer = await s.poll(path, "-1");
        expectText(answer, "abc");
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
    },
  },
];
