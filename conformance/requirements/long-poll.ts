/** §5.7: waiting for data by long-poll. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { pause } from "../harness/subject.ts";
import { expectHeader, expectNoHeader, expectPrompt, expectStatus, expectText } from "./check.ts";
import { appendDuringPoll, appendDuringPolls, pollAtTail, startPoll } from "./follow.ts";

export const longPoll: readonly Requirement[] = [
  {
    id: "5.7-01",
    level: "MUST",
    text: "A long-poll names an offset: without one it is answered 400.",
    tests: {
      "refuses a long-poll without an offset": async (s) => {
        const path = await s.create({ body: "a" });
        const answer = await s.get(path, { live: "long-poll" });
        expectStatus(answer, 400);
        expectPrompt(answer);
      },
    },
  },
  {
    id: "5.7-02",
    level: "STATED",
    text: "A long-poll at an offset with data behind it is answered 200 at once.",
    tests: {
      "answers what is there": async (s) => {
        const path = await s.create({ body: "abc" });
        const answer = await s.poll(path, "-1");
        expectText(answer, "abc");
        expectPrompt(answer);
        expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
        expectHeader(answer, "Stream-Up-To-Date", /^true$/i);
      },
    },
  },
  {
    id: "5.7-03",
    level: "STATED",
    text: "A long-poll at the tail waits and answers 200 with the data that arrives.",
    tests: {
      "answers an append that comes while it waits": async (s) => {
        const path = await s.create({ body: "old" });
        const { appended, answer } = await appendDuringPoll(s, path, "new");
        expectText(answer, "new");
        expectHeader(answer, "Stream-Next-Offset", appended.nextOffset);
      },
      "wakes all that wait": async (s) => {
        for (const answer of await appendDuringPolls(s, 5, "new")) expectText(answer, "new");
      },
      "follows a writer without a gap": async (s) => {
        const path = await s.create();
        let offset = await s.tail(path);
        let content = "";
        const writing = (async () => {
          for (let n = 0; n < 10; n += 1) expectStatus(await s.post(path, String(n)), 204);
        })();
        while (content.length < 10) {
          const answer = await s.poll(path, offset);
          expectStatus(answer, 200, 204);
          assert(
            answer.nextOffset !== "" || answer.status === 204,
            "Stream-Next-Offset is absent.",
          );
          content += answer.text;
          offset = answer.nextOffset;
          if (answer.status === 204) await writing;
        }
        assert.equal(content, "0123456789");
      },
    },
  },
  {
    id: "5.7-04",
    level: "STATED",
    text: "A long-poll without new data is answered 204, without a body, when its time is over.",
    tests: {
      "answers 204 and nothing else": async (s) => {
        const answer = await pollAtTail(s, await s.create({ body: "abc" }));
        expectStatus(answer, 204);
        assert.equal(answer.body.length, 0);
        assert(answer.durationMs > 50, "It did not wait at all.");
      },
    },
  },
  {
    id: "5.7-05",
    level: "MUST",
    text: "A long-poll's 200 carries `Stream-Cursor`.",
    tests: {
      "carries it with old and with new data": async (s) => {
        const path = await s.create({ body: "old" });
        expectHeader(await s.poll(path, "-1"), "Stream-Cursor");
        const { answer } = await appendDuringPoll(s, path, "new");
        expectStatus(answer, 200);
        expectHeader(answer, "Stream-Cursor");
      },
    },
  },
  {
    id: "5.7-06",
    level: "MUST",
    text: "A long-poll's 204 carries the tail in `Stream-Next-Offset`.",
    tests: {
      "names the tail": async (s) => {
        const path = await s.create({ body: "abc" });
        expectHeader(await pollAtTail(s, path), "Stream-Next-Offset", await s.tail(path));
      },
    },
  },
  {
    id: "5.7-07",
    level: "MUST",
    text: "A long-poll's 204 carries `Stream-Up-To-Date: true`.",
    tests: {
      "says up to date": async (s) => {
        expectHeader(await pollAtTail(s, await s.create()), "Stream-Up-To-Date", /^true$/i);
      },
    },
  },
  {
    id: "5.7-08",
    level: "MUST",
    text: "A long-poll's 204 carries `Stream-Cursor` when the stream is open.",
    tests: {
      "carries a cursor": async (s) => {
        const answer = await pollAtTail(s, await s.create());
        expectStatus(answer, 204);
        expectHeader(answer, "Stream-Cursor");
        expectNoHeader(answer, "Stream-Closed");
      },
    },
  },
  {
    id: "5.7-14",
    level: "MUST",
    text: "A long-poll on a fork before the fork offset is answered at once with inherited data.",
    tests: {
      "does not wait for data that the source has": async (s) => {
        const source = await s.create({ body: "one" });
        const middle = await s.tail(source);
        await s.post(source, "two");
        const fork = await s.fork(source);
        const beginning = await s.poll(fork, "-1");
        expectPrompt(beginning);
        expectText(beginning, "onetwo");
        expectText(await s.poll(fork, middle), "two");
      },
    },
  },
  {
    id: "5.7-15",
    level: "MUST",
    text: "A long-poll at a fork's tail waits for the fork's own appends.",
    tests: {
      "answers what is appended to the fork": async (s) => {
        const source = await s.create({ body: "one" });
        const fork = await s.fork(source);
        expectText((await appendDuringPoll(s, fork, "own")).answer, "own");
      },
    },
  },
  {
    id: "5.7-16",
    level: "MUST NOT",
    text: "Appends to the source do not wake a long-poll on its fork.",
    tests: {
      "sleeps through the source's appends and closure": async (s) => {
        const source = await s.create({ body: "one" });
        const fork = await s.fork(source);
        const poll = await startPoll(s, fork, await s.tail(fork));
        await s.post(source, "two");
        await s.close(source);
        await pause(250);
        assert(
          !poll.isAnswered() || (await poll.answer).status === 204,
          "The source woke the fork.",
        );
        const answer = await poll.answer;
        expectStatus(answer, 204);
        expectNoHeader(answer, "Stream-Closed");
      },
    },
  },
  {
    id: "5.7-17",
    level: "STATED",
    text: "A long-poll on a stream that does not exist is answered 404, at once.",
    tests: {
      "answers 404": async (s) => {
        const answer = await s.poll(s.path(), "-1");
        expectStatus(answer, 404);
        expectPrompt(answer);
      },
    },
  },
  {
    id: "5.7-18",
    level: "STATED",
    text: "A long-poll with a malformed offset is answered 400.",
    tests: {
      "refuses what cannot be an offset": async (s) => {
        const path = await s.create({ body: "a" });
        for (const offset of ["a/b", "a,b"]) expectStatus(await s.poll(path, offset), 400);
      },
    },
  },
];
