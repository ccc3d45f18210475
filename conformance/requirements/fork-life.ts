/** §4.2: a fork and its source beside each other: writers, independence, deletion. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { pause, type Subject } from "../harness/subject.ts";
import { expectContent, expectHeader, expectNoHeader, expectStatus } from "./check.ts";
import { producer } from "./producer.ts";

const GONE_WITHIN_MS = 10_000;

async function createFork(s: Subject) {
  const source = await s.create({ body: "shared" });
  return { source, fork: await s.fork(source) };
}

/** Collection may happen later: only that it happens is asked. */
async function expectCollected(s: Subject, path: string): Promise<void> {
  const until = Date.now() + GONE_WITHIN_MS;
  while ((await s.head(path)).status === 410 && Date.now() < until) await pause(200);
  expectStatus(await s.head(path), 404);
}

export const forkLife: readonly Requirement[] = [
  {
    id: "4.2-16",
    level: "MUST NOT",
    text: "A fork inherits no producer state.",
    tests: {
      "appends what would be a duplicate, a gap or fenced on the source": async (s) => {
        const source = await s.create();
        for (const seq of [0, 1]) await s.post(source, `${seq};`, { headers: producer(5, seq) });
        const fork = await s.fork(source);
        expectStatus(await s.post(fork, "again;", { headers: producer(5, 0) }), 200);
        const old = await s.fork(source);
        expectStatus(await s.post(old, "old;", { headers: producer(0, 0) }), 200);
        await expectContent(s, fork, "0;1;again;");
        await expectContent(s, old, "0;1;old;");
      },
    },
  },
  {
    id: "4.2-17",
    level: "MUST NOT",
    text: "A fork inherits no `Stream-Seq`.",
    tests: {
      "appends a smaller Stream-Seq than the source's": async (s) => {
        const source = await s.create();
        await s.post(source, "a", { headers: { "Stream-Seq": "9" } });
        const fork = await s.fork(source);
        expectStatus(await s.post(fork, "b", { headers: { "Stream-Seq": "1" } }), 204);
        expectStatus(await s.post(source, "b", { headers: { "Stream-Seq": "1" } }), 409);
      },
    },
  },
  {
    id: "4.2-18",
    level: "STATED",
    text: "Forking leaves the source's producer state as it was.",
    tests: {
      "still recognises a duplicate on the source": async (s) => {
        const source = await s.create();
        await s.post(source, "a", { headers: producer(0, 0) });
        const fork = await s.fork(source);
        await s.post(fork, "b", { headers: producer(1, 0) });
        expectStatus(await s.post(source, "a", { headers: producer(0, 0) }), 204);
        expectStatus(await s.post(source, "b", { headers: producer(0, 1) }), 200);
      },
    },
  },
  {
    id: "4.2-19",
    level: "STATED",
    text: "Source and fork take appends independently of each other.",
    tests: {
      "keeps what is appended to one from the other": async (s) => {
        const { source, fork } = await createFork(s);
        await s.post(source, "+source");
        await s.post(fork, "+fork");
        await s.post(source, "+source");
        await expectContent(s, source, "shared+source+source");
        await expectContent(s, fork, "shared+fork");
      },
    },
  },
  {
    id: "4.2-20",
    level: "STATED",
    text: "Source and fork are closed independently of each other.",
    tests: {
      "leaves one open when the other is closed": async (s) => {
        const one = await createFork(s);
        await s.close(one.fork);
        expectNoHeader(await s.head(one.source), "Stream-Closed");
        const two = await createFork(s);
        await s.close(two.source);
        expectNoHeader(await s.head(two.fork), "Stream-Closed");
        expectStatus(await s.post(two.fork, "x"), 204);
      },
    },
  },
  {
    id: "4.2-21",
    level: "STATED",
    text: "Deleting a fork leaves its source as it was.",
    tests: {
      "keeps the source": async (s) => {
        const { source, fork } = await createFork(s);
        expectStatus(await s.delete(fork), 204);
        expectStatus(await s.head(fork), 404);
        await expectContent(s, source, "shared");
        expectStatus(await s.post(source, "x"), 204);
      },
    },
  },
  {
    id: "4.2-22",
    level: "STATED",
    text: "A deleted source with forks is answered 410 to GET, HEAD, POST and DELETE.",
    tests: {
      "answers 410 in every way": async (s) => {
        const { source } = await createFork(s);
        const offset = await s.tail(source);
        expectStatus(await s.delete(source), 204);
        expectStatus(await s.get(source), 410);
        expectStatus(await s.head(source), 410);
        expectStatus(await s.post(source, "x"), 410);
        expectStatus(await s.poll(source, offset), 410);
        expectStatus((await s.sse(source, "-1")).answer, 410);
      },
    },
  },
  {
    id: "4.2-23",
    level: "STATED",
    text: "The path of a soft-deleted stream cannot be created again: 409, for a fork of it too.",
    tests: {
      "refuses a PUT at the path": async (s) => {
        const { source } = await createFork(s);
        await s.delete(source);
        expectStatus(await s.put(source), 409);
      },
      "refuses to fork a soft-deleted stream": async (s) => {
        const { source } = await createFork(s);
        await s.delete(source);
        const answer = await s.put(s.path(), { type: null, headers: s.forkedFrom(source) });
        expectStatus(answer, 409);
      },
    },
  },
  {
    id: "4.2-24",
    level: "STATED",
    text: "A fork keeps its inherited data when its source is deleted.",
    tests: {
      "reads and appends as before": async (s) => {
        const { source, fork } = await createFork(s);
        await s.post(source, "later");
        await s.post(fork, "+own");
        await s.delete(source);
        await expectContent(s, fork, "shared+own");
        expectStatus(await s.post(fork, "+more"), 204);
        await expectContent(s, fork, "shared+own+more");
      },
    },
  },
  {
    id: "4.2-25",
    level: "STATED",
    text: "A soft-deleted stream is cleaned up when its last fork is deleted.",
    tests: {
      "turns 410 into 404 with the last of two forks": async (s) => {
        const { source, fork } = await createFork(s);
        const other = await s.fork(source);
        await s.delete(source);
        await s.delete(fork);
        expectStatus(await s.head(source), 410);
        await expectContent(s, other, "shared");
        await s.delete(other);
        await expectCollected(s, source);
      },
    },
  },
  {
    id: "4.2-26",
    level: "STATED",
    text: "The clean-up goes on up the chain of forks.",
    tests: {
      "collects a source's source": async (s) => {
        const { source, fork } = await createFork(s);
        const last = await s.fork(fork);
        await s.delete(source);
        await s.delete(fork);
        await expectContent(s, last, "shared");
        await s.delete(last);
        await Promise.all([expectCollected(s, fork), expectCollected(s, source)]);
      },
    },
  },
  {
    id: "5.4-04",
    level: "MUST",
    text: "Deleting a stream that has forks makes it soft-deleted.",
    tests: {
      "answers 204, then 410": async (s) => {
        const { source, fork } = await createFork(s);
        expectStatus(await s.delete(source), 204);
        expectStatus(await s.head(source), 410);
        await expectContent(s, fork, "shared");
      },
    },
  },
  {
    id: "5.4-05",
    level: "MUST",
    text: "Deleting a soft-deleted stream is answered 410.",
    tests: {
      "answers 410 each time": async (s) => {
        const { source } = await createFork(s);
        await s.delete(source);
        expectStatus(await s.delete(source), 410);
        expectStatus(await s.delete(source), 410);
      },
    },
  },
  {
    id: "8-17",
    level: "STATED",
    text: "A fork's offsets are the source's, up to the fork offset.",
    tests: {
      "reads a fork at the source's offsets": async (s) => {
        const source = await s.create();
        const first = (await s.post(source, "one,")).nextOffset;
        const second = (await s.post(source, "two,")).nextOffset;
        const path = s.path();
        const created = await s.put(path, {
          type: null,
          headers: s.forkedFrom(source, { "Stream-Fork-Offset": second }),
        });
        expectHeader(created, "Stream-Next-Offset", second);
        const { nextOffset } = await s.post(path, "own");
        assert(second < nextOffset, "The fork's own offsets do not sort after the fork offset.");
        for (const [offset, rest] of [
          [first, "two,own"],
          [second, "own"],
        ]) {
          assert.equal((await s.get(path, { offset: offset ?? "" })).text, rest);
        }
      },
    },
  },
];
