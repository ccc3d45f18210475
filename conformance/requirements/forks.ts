/** §4.2: making forks, and what they hold. Their life beside their source is in fork-life.ts. */

import assert from "node:assert/strict";
import { Skip, type Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import {
  contentOf,
  expectContent,
  expectHeader,
  expectNoHeader,
  expectStatus,
  messagesOf,
} from "./check.ts";

const JSON_TYPE = "application/json";
const FAR = "2099-01-01T00:00:00Z";
const FARTHER = "2099-06-01T00:00:00Z";
const TTL = "Stream-TTL";
const EXPIRES = "Stream-Expires-At";

type Lifetime = Readonly<Record<string, string>>;

/** The table of §4.2: lifetime of the source, of the request, and what the fork gets. */
const LIFETIMES: readonly (readonly [source: Lifetime, request: Lifetime, fork: Lifetime])[] = [
  [{}, {}, {}],
  [{}, { [TTL]: "600" }, { [TTL]: "600" }],
  [{}, { [EXPIRES]: FAR }, { [EXPIRES]: FAR }],
  [{ [TTL]: "300" }, {}, { [TTL]: "300" }],
  [{ [TTL]: "300" }, { [TTL]: "600" }, { [TTL]: "600" }],
  [{ [TTL]: "300" }, { [EXPIRES]: FAR }, { [EXPIRES]: FAR }],
  [{ [EXPIRES]: FAR }, {}, { [EXPIRES]: FAR }],
  [{ [EXPIRES]: FAR }, { [TTL]: "600" }, { [TTL]: "600" }],
  [{ [EXPIRES]: FAR }, { [EXPIRES]: FARTHER }, { [EXPIRES]: FARTHER }],
];

/** A text source of three appends, and the offset behind each. */
async function createSource(s: Subject) {
  const path = await s.create();
  const offsets: string[] = [];
  for (const part of ["one,", "two,", "three"]) offsets.push((await s.post(path, part)).nextOffset);
  const [afterOne = "", afterTwo = "", tail = ""] = offsets;
  return { path, afterOne, afterTwo, tail };
}

function at(offset: string, subOffset?: string) {
  const sub = subOffset === undefined ? {} : { "Stream-Fork-Sub-Offset": subOffset };
  return { "Stream-Fork-Offset": offset, ...sub };
}

async function refusal(s: Subject, source: string, headers: Lifetime, type: string | null = null) {
  return s.put(s.path("fork"), { type, headers: s.forkedFrom(source, headers) });
}

export const forks: readonly Requirement[] = [
  {
    id: "4.2-01",
    level: "STATED",
    text: "A fork holds the source's data up to, and not including, the fork offset.",
    tests: {
      "inherits up to each offset": async (s) => {
        const source = await createSource(s);
        await expectContent(s, await s.fork(source.path, at(source.afterOne)), "one,");
        await expectContent(s, await s.fork(source.path, at(source.afterTwo)), "one,two,");
        await expectContent(s, await s.fork(source.path, at(source.tail)), "one,two,three");
      },
      "inherits nothing at the beginning": async (s) => {
        const path = await s.create();
        const beginning = await s.tail(path);
        await s.post(path, "later");
        await expectContent(s, await s.fork(path, at(beginning)), "");
      },
    },
  },
  {
    id: "4.2-02",
    level: "STATED",
    text: "Without a fork offset, the fork begins at the source's tail.",
    tests: {
      "inherits everything": async (s) => {
        const source = await createSource(s);
        await expectContent(s, await s.fork(source.path), "one,two,three");
      },
    },
  },
  {
    id: "4.2-03",
    level: "STATED",
    text: "A sub-offset counts flattened messages in JSON streams.",
    tests: {
      "inherits two messages of a batch of three": async (s) => {
        const path = await s.create({ type: JSON_TYPE });
        const { nextOffset } = await s.post(path, "0", { type: JSON_TYPE });
        await s.post(path, "[1,[2],3]", { type: JSON_TYPE });
        const fork = await s.fork(path, at(nextOffset, "2"));
        assert.deepEqual(await messagesOf(s, fork), [0, 1, [2]]);
      },
    },
  },
  {
    id: "4.2-04",
    level: "STATED",
    text: "A sub-offset counts bytes in all other streams.",
    tests: {
      "inherits two bytes of an append": async (s) => {
        const source = await createSource(s);
        const fork = await s.fork(source.path, at(source.afterOne, "2"));
        await expectContent(s, fork, "one,tw");
        await s.post(fork, "!");
        await expectContent(s, fork, "one,tw!");
      },
      "counts bytes and not characters": async (s) => {
        const path = await s.create();
        const beginning = await s.tail(path);
        await s.post(path, "żó");
        await expectContent(s, await s.fork(path, at(beginning, "2")), "ż");
      },
    },
  },
  {
    id: "4.2-05",
    level: "STATED",
    text: "A sub-offset of 0 means the same as none.",
    tests: {
      "takes one for the other": async (s) => {
        const source = await createSource(s);
        const fork = await s.fork(source.path, at(source.afterOne, "0"));
        await expectContent(s, fork, "one,");
        const again = { headers: s.forkedFrom(source.path, at(source.afterOne)), type: null };
        expectStatus(await s.put(fork, again), 200);
      },
    },
  },
  {
    id: "4.2-06",
    level: "STATED",
    text: "A fork without Content-Type has the source's.",
    tests: {
      "inherits the content type": async (s) => {
        for (const type of [JSON_TYPE, "text/csv"]) {
          const fork = await s.fork(await s.create({ type }));
          expectHeader(await s.head(fork), "Content-Type", new RegExp(`^${type}`));
        }
      },
    },
  },
  {
    id: "4.2-07",
    level: "MUST",
    text: "A fork of another Content-Type than the source's is answered 409.",
    tests: {
      "refuses another type": async (s) => {
        const source = await createSource(s);
        expectStatus(await refusal(s, source.path, {}, JSON_TYPE), 409);
        expectStatus(await refusal(s, source.path, {}, "text/plain"), 201);
      },
    },
  },
  {
    id: "4.2-08",
    level: "STATED",
    text: "A fork gets the lifetime that it asks for, or else the source's.",
    tests: Object.fromEntries(
      LIFETIMES.map(([source, request, expected]) => [
        `gives ${show(expected)} for a source with ${show(source)} and a request with ${show(request)}`,
        (s: Subject) => checkLifetime(s, source, request, expected),
      ]),
    ),
  },
  {
    id: "4.2-09",
    level: "STATED",
    text: "A fork of a source that does not exist is answered 404.",
    tests: {
      "answers 404 and creates nothing": async (s) => {
        const path = s.path();
        const answer = await s.put(path, { type: null, headers: s.forkedFrom(s.path()) });
        expectStatus(answer, 404);
        expectStatus(await s.head(path), 404);
      },
    },
  },
  {
    id: "4.2-10",
    level: "MUST",
    text: "A fork offset beyond the source's tail is answered 400 (§5.1).",
    tests: {
      "refuses an offset that the source has not reached": async (s) => {
        const [short, long] = [await s.create({ body: "a" }), await s.create()];
        for (let n = 0; n < 5; n += 1) await s.post(long, "x".repeat(50));
        const beyond = await s.tail(long);
        if (beyond <= (await s.tail(short)))
          throw new Skip("Offsets of two streams say nothing about each other.");
        expectStatus(await refusal(s, short, at(beyond)), 400);
      },
    },
  },
  {
    id: "4.2-11",
    level: "STATED",
    text: "A sub-offset that is malformed, negative or past the next boundary is answered 400.",
    tests: {
      "refuses what is no non-negative integer": async (s) => {
        const source = await createSource(s);
        for (const sub of ["-1", "1.5", "x", "1e1", "+1"]) {
          const { status } = await refusal(s, source.path, at(source.afterOne, sub));
          assert.equal(status, 400, `Sub-offset ${sub} was answered ${status}.`);
        }
      },
      "refuses one past the data": async (s) => {
        const source = await createSource(s);
        expectStatus(await refusal(s, source.path, at(source.afterTwo, "6")), 400);
        expectStatus(await refusal(s, source.path, at(source.tail, "1")), 400);
      },
    },
  },
  {
    id: "4.2-12",
    level: "MUST",
    text: "The same fork request is answered 200 again.",
    tests: {
      "answers 200 with and without an offset": async (s) => {
        const source = await createSource(s);
        for (const headers of [{}, at(source.afterOne)]) {
          const fork = await s.fork(source.path, headers);
          const again = { type: null, headers: s.forkedFrom(source.path, headers) };
          expectStatus(await s.put(fork, again), 200);
        }
      },
    },
  },
  {
    id: "4.2-13",
    level: "MUST",
    text: "A fork request that differs from the stream at its path is answered 409.",
    tests: {
      "refuses another fork offset, another source and a plain stream": async (s) => {
        const source = await createSource(s);
        const other = await createSource(s);
        const fork = await s.fork(source.path, at(source.afterOne));
        for (const headers of [
          s.forkedFrom(source.path, at(source.afterTwo)),
          s.forkedFrom(other.path, at(other.afterOne)),
        ]) {
          expectStatus(await s.put(fork, { type: null, headers }), 409);
        }
        const plain = await s.create();
        expectStatus(await s.put(plain, { type: null, headers: s.forkedFrom(source.path) }), 409);
      },
    },
  },
  {
    id: "4.2-14",
    level: "MAY",
    text: "A closed stream can be forked; the fork is open.",
    tests: {
      "forks a closed stream into an open one": async (s) => {
        const path = await s.create({ body: "a", headers: { "Stream-Closed": "true" } });
        const fork = await s.fork(path);
        expectNoHeader(await s.head(fork), "Stream-Closed");
        expectStatus(await s.post(fork, "b"), 204);
        assert.equal(await contentOf(s, fork), "ab");
      },
    },
  },
  {
    id: "4.2-15",
    level: "STATED",
    text: "A fork can itself be forked; reads go through the whole chain.",
    tests: {
      "reads three generations": async (s) => {
        const first = await s.create({ body: "1" });
        const second = await s.fork(first);
        await s.post(second, "2");
        const third = await s.fork(second);
        await s.post(third, "3");
        await s.post(first, "x");
        await s.post(second, "y");
        await expectContent(s, third, "123");
        await expectContent(s, second, "12y");
      },
    },
  },
];

async function checkLifetime(s: Subject, source: Lifetime, request: Lifetime, expected: Lifetime) {
  const fork = await s.fork(await s.create({ headers: source }), request);
  const answer = await s.head(fork);
  for (const name of [TTL, EXPIRES]) {
    const value = expected[name];
    if (value === undefined) expectNoHeader(answer, name);
    else if (name === TTL) expectHeader(answer, name, value);
    else assert.equal(Date.parse(answer.header(name) ?? ""), Date.parse(value), `${name} differs.`);
  }
}

function show(lifetime: Lifetime): string {
  const [entry] = Object.entries(lifetime);
  return entry === undefined ? "no expiry" : `${entry[0]} ${entry[1]}`;
}
