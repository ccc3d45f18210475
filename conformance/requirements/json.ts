/** §9.1: streams of JSON messages. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import { expectHeader, expectJson, expectStatus, messagesOf } from "./check.ts";

const type = "application/json";

const INVALID = [
  "{",
  '{"a":1,}',
  "[1,2",
  "nope",
  "NaN",
  "'a'",
  "{a:1}",
  "1 2",
  '{"a":1}{"b":2}',
  '"\n"',
  "01",
];

async function append(s: Subject, path: string, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) expectStatus(await s.post(path, body, { type }), 204);
}

export const json: readonly Requirement[] = [
  {
    id: "9.1-01",
    level: "MUST",
    text: "Message boundaries are kept: every message is read as it was sent.",
    tests: {
      "keeps messages of every kind of value": async (s) => {
        const path = await s.create({ type });
        const values = [
          { a: [1, { b: null }] },
          "text",
          "",
          0,
          -1.5e-7,
          true,
          false,
          null,
          {},
          'ż\u2028\\"\n',
        ];
        await append(s, path, ...values.map((value) => JSON.stringify(value)));
        assert.deepEqual(await messagesOf(s, path), values);
      },
      "keeps messages sent in parallel whole": async (s) => {
        const path = await s.create({ type });
        const numbers = Array.from({ length: 20 }, (_, n) => n);
        const sent = numbers.map((n) =>
          s.post(path, JSON.stringify([{ n }, { n, second: true }]), { type }),
        );
        (await Promise.all(sent)).forEach((answer) => expectStatus(answer, 204));
        const messages = (await messagesOf(s, path)) as { n: number; second?: boolean }[];
        assert.equal(messages.length, 40);
        for (let index = 0; index < 40; index += 2) {
          assert.equal(messages[index]?.n, messages[index + 1]?.n, "Two batches were mixed.");
          assert.equal(messages[index + 1]?.second, true);
        }
      },
      "accepts white space around a message": async (s) => {
        const path = await s.create({ type });
        await append(s, path, ' \r\n\t{ "a" : 1 } \n');
        assert.deepEqual(await messagesOf(s, path), [{ a: 1 }]);
      },
    },
  },
  {
    id: "9.1-02",
    level: "MUST",
    text: "A read answers one JSON array of the messages from its offset on.",
    tests: {
      "answers from every offset": async (s) => {
        const path = await s.create({ type });
        const offsets = [await s.tail(path)];
        for (const body of ["1", "[2,3]", "4"]) {
          offsets.push((await s.post(path, body, { type })).nextOffset);
        }
        const expected = [[1, 2, 3, 4], [2, 3, 4], [4], []];
        for (const [n, offset] of offsets.entries()) {
          expectJson(await s.get(path, { offset }), expected[n]);
        }
      },
      "answers an array for one message, in long-poll too": async (s) => {
        const path = await s.create({ type });
        await append(s, path, "1");
        expectJson(await s.get(path), [1]);
        expectJson(await s.poll(path, "-1"), [1]);
      },
    },
  },
  {
    id: "9.1-03",
    level: "MUST",
    text: "An array in a POST is flattened by exactly one level.",
    tests: {
      "flattens one level": async (s) => {
        for (const [body, expected] of [
          ['{"event":"created"}', [{ event: "created" }]],
          ['[{"event":"a"},{"event":"b"}]', [{ event: "a" }, { event: "b" }]],
          [
            "[[1,2],[3,4]]",
            [
              [1, 2],
              [3, 4],
            ],
          ],
          ["[[[1,2,3]]]", [[[1, 2, 3]]]],
          ["[[]]", [[]]],
        ] as const) {
          const path = await s.create({ type });
          await append(s, path, body);
          assert.deepEqual(await messagesOf(s, path), expected);
        }
      },
    },
  },
  {
    id: "9.1-04",
    level: "MUST",
    text: "An empty array in a POST is answered 400.",
    tests: {
      "refuses [] and leaves the stream as it was": async (s) => {
        const path = await s.create({ type });
        for (const body of ["[]", " [ ] "]) expectStatus(await s.post(path, body, { type }), 400);
        assert.deepEqual(await messagesOf(s, path), []);
      },
    },
  },
  {
    id: "9.1-05",
    level: "STATED",
    text: "An empty array in a PUT makes an empty stream; other bodies are its first messages.",
    tests: {
      "creates an empty stream": async (s) => {
        const path = await s.create({ type, body: "[]" });
        assert.deepEqual(await messagesOf(s, path), []);
      },
      "creates a stream with the messages of the body": async (s) => {
        assert.deepEqual(await messagesOf(s, await s.create({ type, body: "[1,[2]]" })), [1, [2]]);
        assert.deepEqual(await messagesOf(s, await s.create({ type, body: '{"a":1}' })), [
          { a: 1 },
        ]);
      },
    },
  },
  {
    id: "9.1-06",
    level: "MUST",
    text: "A body that is no valid JSON is answered 400, and nothing of it is stored.",
    tests: {
      "refuses what does not parse": async (s) => {
        const path = await s.create({ type });
        for (const body of INVALID) {
          const { status } = await s.post(path, body, { type });
          assert.equal(status, 400, `${body} was answered ${status}.`);
        }
        assert.deepEqual(await messagesOf(s, path), []);
      },
      "refuses bytes that are no UTF-8": async (s) => {
        const path = await s.create({ type });
        expectStatus(await s.post(path, Uint8Array.of(0x22, 0xff, 0x22), { type }), 400);
        assert.deepEqual(await messagesOf(s, path), []);
      },
      "refuses it in a PUT, and creates nothing": async (s) => {
        const path = s.path();
        expectStatus(await s.put(path, { type, body: "{" }), 400);
        expectStatus(await s.head(path), 404);
      },
    },
  },
  {
    id: "9.1-07",
    level: "MUST",
    text: "A read is answered with `Content-Type: application/json`.",
    tests: {
      "has the type, with and without messages": async (s) => {
        const path = await s.create({ type });
        expectHeader(await s.get(path), "Content-Type", /^application\/json\b/);
        await append(s, path, "1");
        expectHeader(await s.get(path), "Content-Type", /^application\/json\b/);
        expectHeader(await s.poll(path, "-1"), "Content-Type", /^application\/json\b/);
      },
    },
  },
  {
    id: "9.1-08",
    level: "MUST",
    text: "A read without messages is answered `[]`.",
    tests: {
      "answers [] on an empty stream and at the tail, closed too": async (s) => {
        const path = await s.create({ type });
        expectJson(await s.get(path), []);
        await append(s, path, "1");
        const offset = await s.tail(path);
        expectJson(await s.get(path, { offset }), []);
        await s.close(path);
        expectJson(await s.get(path, { offset }), []);
      },
    },
  },
  {
    id: "9.1-09",
    level: "MUST",
    text: "A read across the fork boundary answers one array.",
    tests: {
      "joins inherited and own messages": async (s) => {
        const source = await s.create({ type, body: "[1,2]" });
        const fork = await s.fork(source);
        await append(s, fork, "[3,4]");
        expectJson(await s.get(fork), [1, 2, 3, 4]);
      },
    },
  },
];
