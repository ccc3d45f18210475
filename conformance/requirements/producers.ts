/** §5.2.1: what idempotent producers can rely on. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectContent, expectHeader, expectNoHeader, expectStatus, messagesOf } from "./check.ts";
import { producer, send } from "./producer.ts";

const CLOSED = { "Stream-Closed": "true" };

export const producers: readonly Requirement[] = [
  {
    id: "5.2.1-05",
    level: "STATED",
    text: "A new append of a producer is answered 200, with its epoch and the highest accepted sequence number.",
    tests: {
      "answers 200 and echoes epoch and seq": async (s) => {
        const path = await s.create();
        for (let seq = 0; seq < 3; seq += 1) {
          const answer = await send(s, path, String(seq), 4, seq);
          expectStatus(answer, 200);
          expectHeader(answer, "Producer-Epoch", "4");
          expectHeader(answer, "Producer-Seq", String(seq));
          expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
        }
        await expectContent(s, path, "012");
      },
    },
  },
  {
    id: "5.2.1-06",
    level: "STATED",
    text: "A sequence number that was accepted before is a duplicate: 204, the highest accepted one is named, nothing is appended.",
    tests: {
      "answers 204 to the last one and to an older one": async (s) => {
        const path = await s.create();
        for (let seq = 0; seq < 3; seq += 1) await send(s, path, String(seq), 0, seq);
        for (const seq of [2, 0, 1]) {
          const answer = await send(s, path, String(seq), 0, seq);
          expectStatus(answer, 204);
          expectHeader(answer, "Producer-Epoch", "0");
          expectHeader(answer, "Producer-Seq", "2");
        }
        await expectContent(s, path, "012");
      },
    },
  },
  {
    id: "5.2.1-07",
    level: "STATED",
    text: "An older epoch is fenced: 403 with the current epoch, nothing is appended.",
    tests: {
      "fences an old epoch, whatever its seq": async (s) => {
        const path = await s.create();
        await send(s, path, "a", 3, 0);
        for (const seq of [0, 1, 7]) {
          const answer = await send(s, path, "zombie", 2, seq);
          expectStatus(answer, 403);
          expectHeader(answer, "Producer-Epoch", "3");
        }
        await expectContent(s, path, "a");
      },
    },
  },
  {
    id: "5.2.1-08",
    level: "STATED",
    text: "A new epoch begins at sequence number 0: otherwise 400.",
    tests: {
      "refuses a new epoch at 1 and keeps the old one": async (s) => {
        const path = await s.create();
        await send(s, path, "a", 0, 0);
        expectStatus(await send(s, path, "b", 1, 1), 400);
        expectStatus(await send(s, path, "b", 0, 1), 200);
      },
    },
  },
  {
    id: "5.2.1-09",
    level: "STATED",
    text: "A new epoch at 0 is accepted and fences the one before.",
    tests: {
      "takes over": async (s) => {
        const path = await s.create();
        await send(s, path, "a", 0, 0);
        expectStatus(await send(s, path, "b", 5, 0), 200);
        expectStatus(await send(s, path, "c", 0, 1), 403);
        expectStatus(await send(s, path, "c", 5, 1), 200);
        await expectContent(s, path, "abc");
      },
      "numbers a new epoch's messages anew": async (s) => {
        const path = await s.create();
        for (let seq = 0; seq < 3; seq += 1) await send(s, path, String(seq), 0, seq);
        const answer = await send(s, path, "new", 1, 0);
        expectStatus(answer, 200);
        expectHeader(answer, "Producer-Seq", "0");
        await expectContent(s, path, "012new");
      },
    },
  },
  {
    id: "5.2.1-10",
    level: "STATED",
    text: "A gap is answered 409 with the expected and the received number, and nothing is appended.",
    tests: {
      "names both numbers": async (s) => {
        const path = await s.create();
        await send(s, path, "a", 0, 0);
        const answer = await send(s, path, "c", 0, 2);
        expectStatus(answer, 409);
        expectHeader(answer, "Producer-Expected-Seq", "1");
        expectHeader(answer, "Producer-Received-Seq", "2");
        expectNoHeader(answer, "Stream-Closed");
        expectStatus(await send(s, path, "b", 0, 1), 200);
        await expectContent(s, path, "ab");
      },
    },
  },
  {
    id: "5.2.1-11",
    level: "STATED",
    text: "A producer that the stream does not know begins at 0, in any epoch.",
    tests: {
      "accepts epoch 7 at 0": async (s) => {
        expectStatus(await send(s, await s.create(), "a", 7, 0), 200);
      },
      "refuses a first number above 0": async (s) => {
        const path = await s.create();
        expectStatus(await send(s, path, "a", 0, 1), 400, 409);
        await expectContent(s, path, "");
      },
    },
  },
  {
    id: "5.2.1-12",
    level: "MUST",
    text: "Validation and append of one producer are serialised: requests in parallel append once.",
    tests: {
      "appends one of 16 equal requests in parallel": async (s) => {
        const path = await s.create();
        const requests = Array.from({ length: 16 }, () => send(s, path, "once;", 0, 0));
        const statuses = (await Promise.all(requests)).map((answer) => answer.status);
        assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
        assert.equal(statuses.filter((status) => status === 204).length, 15, String(statuses));
        await expectContent(s, path, "once;");
      },
      "appends pipelined numbers in their order": async (s) => {
        const path = await s.create();
        // Sent backwards: whatever the server's speed, some come before the ones that they follow.
        let waiting = Array.from({ length: 10 }, (_, n) => 9 - n);
        for (let round = 0; waiting.length > 0 && round < 20; round += 1) {
          const answers = await Promise.all(waiting.map((seq) => send(s, path, `${seq};`, 0, seq)));
          answers.forEach((answer) => expectStatus(answer, 200, 204, 409));
          waiting = waiting.filter((_, index) => answers[index]?.status === 409);
        }
        await expectContent(s, path, "0;1;2;3;4;5;6;7;8;9;");
      },
    },
  },
  {
    id: "5.2.1-13",
    level: "STATED",
    text: "A sequence number counts a request, not its messages.",
    tests: {
      "counts a batch of three as one": async (s) => {
        const type = "application/json";
        const path = await s.create({ type });
        expectStatus(await s.post(path, "[1,2,3]", { type, headers: producer(0, 0) }), 200);
        expectStatus(await s.post(path, "[1,2,3]", { type, headers: producer(0, 0) }), 204);
        expectStatus(await s.post(path, "[4]", { type, headers: producer(0, 1) }), 200);
        assert.deepEqual(await messagesOf(s, path), [1, 2, 3, 4]);
      },
    },
  },
  {
    id: "5.2.1-14",
    level: "STATED",
    text: "Producers are told apart by their ids and by the stream they write to.",
    tests: {
      "keeps two producers and two streams apart": async (s) => {
        const one = await s.create();
        const two = await s.create();
        expectStatus(await s.post(one, "p0", { headers: producer(5, 0, "p") }), 200);
        expectStatus(await s.post(one, "q0", { headers: producer(0, 0, "q") }), 200);
        expectStatus(await s.post(two, "p0", { headers: producer(0, 0, "p") }), 200);
        expectStatus(await s.post(one, "P0", { headers: producer(0, 0, "P") }), 200);
        await expectContent(s, one, "p0q0P0");
      },
    },
  },
  {
    id: "5.2.1-15",
    level: "SHOULD",
    text: "A repeated close of the same producer, epoch and number is answered 204 with `Stream-Closed: true`.",
    tests: {
      "recognises its own closing append": async (s) => {
        const path = await s.create();
        const headers = { ...producer(0, 0), ...CLOSED };
        expectStatus(await s.post(path, "end", { headers }), 200);
        const again = await s.post(path, "end", { headers });
        expectStatus(again, 204);
        expectHeader(again, "Stream-Closed", /^true$/i);
        await expectContent(s, path, "end");
      },
      "recognises its own close without a body": async (s) => {
        const path = await s.create();
        const headers = { ...producer(0, 0), ...CLOSED };
        expectStatus(await s.post(path, undefined, { headers }), 200, 204);
        const again = await s.post(path, undefined, { headers });
        expectStatus(again, 204);
        expectHeader(again, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.2.1-16",
    level: "STATED",
    text: "Any other append of a producer to a closed stream is answered 409 with `Stream-Closed: true`.",
    tests: {
      "refuses another producer and the next number": async (s) => {
        const path = await s.create();
        await s.post(path, "end", { headers: { ...producer(0, 0), ...CLOSED } });
        const other = await s.post(path, "x", { headers: producer(0, 0, "other") });
        const next = await s.post(path, "x", { headers: producer(0, 1) });
        for (const answer of [other, next]) {
          expectStatus(answer, 409);
          expectHeader(answer, "Stream-Closed", /^true$/i);
        }
        await expectContent(s, path, "end");
      },
      "refuses the number before the closing one": async (s) => {
        const path = await s.create();
        await send(s, path, "a", 0, 0);
        await s.post(path, "b", { headers: { ...producer(0, 1), ...CLOSED } });
        const answer = await send(s, path, "a", 0, 0);
        expectStatus(answer, 409);
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.2.1-17",
    level: "STATED",
    text: "A producer's append of another type, or to a missing stream, is refused like any other and does not use up its number.",
    tests: {
      "keeps the number for the next try": async (s) => {
        const path = await s.create();
        const headers = producer(0, 0);
        expectStatus(await s.post(path, "1", { type: "application/json", headers }), 409);
        expectStatus(await s.post(s.path(), "a", { headers }), 404);
        expectStatus(await s.post(path, "a", { headers }), 200);
        await expectContent(s, path, "a");
      },
    },
  },
  {
    id: "5.2.1-18",
    level: "STATED",
    text: "Producer numbers and `Stream-Seq` are two layers: a repeated request is a duplicate, whatever its `Stream-Seq`.",
    tests: {
      "answers 204 to a repeated request with its Stream-Seq": async (s) => {
        const path = await s.create();
        const headers = { ...producer(0, 0), "Stream-Seq": "a" };
        expectStatus(await s.post(path, "x", { headers }), 200);
        expectStatus(await s.post(path, "x", { headers }), 204);
        await expectContent(s, path, "x");
      },
      "refuses an old Stream-Seq of a new request and keeps the producer's number": async (s) => {
        const path = await s.create();
        await s.post(path, "x", { headers: { ...producer(0, 0), "Stream-Seq": "b" } });
        const headers = { ...producer(0, 1), "Stream-Seq": "a" };
        expectStatus(await s.post(path, "y", { headers }), 409);
        expectStatus(await send(s, path, "z", 0, 1), 200);
        await expectContent(s, path, "xz");
      },
    },
  },
];
