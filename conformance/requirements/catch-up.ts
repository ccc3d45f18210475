/** §5.6: reading what is there. */

import assert from "node:assert/strict";
import type { Answer } from "../harness/client.ts";
import { Skip, type Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import {
  contentOf,
  expectHeader,
  expectNoHeader,
  expectStatus,
  expectText,
  readAll,
} from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };
const BYTES = "application/octet-stream";

/** A closed or open stream of 12 MiB: more than a server should answer at once. */
async function createLarge(s: Subject, closed: boolean): Promise<string> {
  const path = await s.create({ type: BYTES });
  for (let n = 0; n < 12; n += 1) {
    const body = Buffer.alloc(1_048_576, n);
    const last = closed && n === 11;
    expectStatus(await s.post(path, body, { type: BYTES, headers: last ? CLOSED : {} }), 204);
  }
  return path;
}

/** All answers of a read of a large stream, of which the server must have needed several. */
async function readParts(s: Subject, closed: boolean) {
  const path = await createLarge(s, closed);
  const tail = await s.tail(path);
  const partial: Answer[] = [];
  // The tail is known from HEAD: what an answer says of itself is what is tested.
  for (let offset = "-1"; partial.length < 1_000;) {
    const answer = await s.get(path, { offset });
    expectStatus(answer, 200);
    offset = answer.nextOffset;
    if (offset !== tail) partial.push(answer);
    else if (partial.length > 0) return { partial, last: answer };
    else throw new Skip("The server answers 12 MiB at once: there are no partial reads.");
  }
  throw new assert.AssertionError({ message: "1,000 reads did not reach the tail." });
}

export const catchUp: readonly Requirement[] = [
  {
    id: "5.6-01",
    level: "STATED",
    text: "A read without an offset begins at the beginning.",
    tests: {
      "reads the same as from -1": async (s) => {
        const path = await s.create({ body: "abc" });
        expectText(await s.get(path), "abc");
        expectText(await s.get(path, { offset: "-1" }), "abc");
      },
    },
  },
  {
    id: "5.6-02",
    level: "STATED",
    text: "A read answers the bytes from its offset on.",
    tests: {
      "reads from every offset it was given": async (s) => {
        const path = await s.create();
        const parts = ["one,", "two,", "three,", "four"];
        const offsets = [await s.tail(path)];
        for (const part of parts) offsets.push((await s.post(path, part)).nextOffset);
        for (const [n, offset] of offsets.entries()) {
          assert.equal(await contentOf(s, path, offset), parts.slice(n).join(""));
        }
      },
    },
  },
  {
    id: "5.6-03",
    level: "STATED",
    text: "`Stream-Next-Offset` is where the next read goes on: nothing is skipped or repeated.",
    tests: {
      "follows the stream through reads and appends in turn": async (s) => {
        const path = await s.create({ body: "0" });
        let content = "";
        let offset = "-1";
        for (let n = 1; n <= 10; n += 1) {
          const answer = await s.get(path, { offset });
          content += answer.text;
          offset = answer.nextOffset;
          await s.post(path, String(n));
        }
        assert.equal(content, "0123456789");
      },
      "puts a large stream together from its parts": async (s) => {
        const path = await createLarge(s, false);
        const whole = Buffer.concat((await readAll(s, path)).map((answer) => answer.body));
        assert.equal(whole.length, 12 * 1_048_576, "Bytes are missing or repeated.");
        for (let n = 0; n < 12; n += 1) {
          const part = whole.subarray(n * 1_048_576, (n + 1) * 1_048_576);
          assert(
            part.every((byte) => byte === n),
            `Append ${n} reads differently.`,
          );
        }
      },
    },
  },
  {
    id: "5.6-04",
    level: "SHOULD",
    text: "A read at the tail is answered 200 with an empty body and the requested offset.",
    tests: {
      "answers an empty body and the same offset": async (s) => {
        const path = await s.create({ body: "abc" });
        const offset = await s.tail(path);
        const answer = await s.get(path, { offset });
        expectText(answer, "");
        expectHeader(answer, "Stream-Next-Offset", offset);
      },
    },
  },
  {
    id: "5.6-05",
    level: "MUST",
    text: "A read at the tail of a closed stream carries `Stream-Closed: true`.",
    tests: {
      "signals the end": async (s) => {
        const path = await s.create({ body: "abc" });
        const { nextOffset } = await s.close(path);
        const answer = await s.get(path, { offset: nextOffset });
        expectText(answer, "");
        expectHeader(answer, "Stream-Closed", /^true$/i);
      },
      "signals the end of an empty stream": async (s) => {
        const path = await s.create({ headers: CLOSED });
        expectHeader(await s.get(path), "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.6-06",
    level: "STATED",
    text: "A malformed offset is answered 400.",
    tests: {
      "refuses what cannot be an offset": async (s) => {
        const path = await s.create({ body: "abc" });
        for (const offset of [
          "a,b",
          "a/b",
          "a=b",
          "a?b",
          "-2",
          "0 0",
          "../../x",
          "a".repeat(4_000),
        ]) {
          const { status } = await s.get(path, { offset });
          assert(
            status >= 400 && status < 500,
            `Offset ${offset.slice(0, 20)} was answered ${status}.`,
          );
        }
      },
      "refuses two offsets": async (s) => {
        const path = await s.create({ body: "abc" });
        expectStatus(await s.get(`${path}?offset=-1&offset=now`), 400);
      },
      "refuses an empty offset": async (s) => {
        const path = await s.create({ body: "abc" });
        expectStatus(await s.get(`${path}?offset=`), 400);
      },
    },
  },
  {
    id: "5.6-07",
    level: "STATED",
    text: "A read of a stream that does not exist is answered 404.",
    tests: {
      "answers 404": async (s) => {
        expectStatus(await s.get(s.path()), 404);
      },
    },
  },
  {
    id: "5.6-08",
    level: "MUST",
    text: "`Stream-Up-To-Date: true` comes with every answer that holds all there is.",
    tests: {
      "comes with data up to the tail, and at the tail": async (s) => {
        const path = await s.create({ body: "abc" });
        const all = await s.get(path);
        expectHeader(all, "Stream-Up-To-Date", /^true$/i);
        const atTail = await s.get(path, { offset: all.nextOffset });
        expectHeader(atTail, "Stream-Up-To-Date", /^true$/i);
        expectHeader(await s.get(await s.create()), "Stream-Up-To-Date", /^true$/i);
      },
      "comes with the last part of a large stream": async (s) => {
        const { last } = await readParts(s, false);
        expectHeader(last, "Stream-Up-To-Date", /^true$/i);
      },
    },
  },
  {
    id: "5.6-09",
    level: "SHOULD NOT",
    text: "`Stream-Up-To-Date` does not come with partial data.",
    tests: {
      "is absent from all but the last part of a large stream": async (s) => {
        const { partial } = await readParts(s, false);
        for (const answer of partial) expectNoHeader(answer, "Stream-Up-To-Date");
      },
    },
  },
  {
    id: "5.6-10",
    level: "MUST",
    text: "`Stream-Closed: true` comes with the answer that reaches the end of a closed stream.",
    tests: {
      "comes with the data when the stream was closed before": async (s) => {
        const path = await s.create({ body: "abc" });
        const { nextOffset } = await s.post(path, "def", { headers: CLOSED });
        const all = await s.get(path);
        expectText(all, "abcdef");
        expectHeader(all, "Stream-Closed", /^true$/i);
        expectHeader(all, "Stream-Next-Offset", nextOffset);
      },
      "comes with the last part of a large stream": async (s) => {
        const { last } = await readParts(s, true);
        expectHeader(last, "Stream-Closed", /^true$/i);
      },
    },
  },
  {
    id: "5.6-11",
    level: "SHOULD NOT",
    text: "`Stream-Closed` does not come with partial data of a closed stream.",
    tests: {
      "is absent from all but the last part of a large stream": async (s) => {
        const { partial } = await readParts(s, true);
        for (const answer of partial) expectNoHeader(answer, "Stream-Closed");
      },
    },
  },
  {
    id: "5.6-12",
    level: "STATED",
    text: "An open stream's answers do not carry `Stream-Closed`.",
    tests: {
      "leaves it out with data and at the tail": async (s) => {
        const path = await s.create({ body: "abc" });
        const all = await s.get(path);
        expectNoHeader(all, "Stream-Closed");
        expectNoHeader(await s.get(path, { offset: all.nextOffset }), "Stream-Closed");
        expectNoHeader(await s.get(path, { offset: "now" }), "Stream-Closed");
      },
    },
  },
  {
    id: "5.6-13",
    level: "STATED",
    text: "A stream closed after a read shows its closure to the read at the next offset.",
    tests: {
      "answers an empty body with Stream-Closed": async (s) => {
        const path = await s.create({ body: "abc" });
        const before = await s.get(path);
        await s.close(path);
        const after = await s.get(path, { offset: before.nextOffset });
        expectText(after, "");
        expectHeader(after, "Stream-Closed", /^true$/i);
        expectHeader(after, "Stream-Next-Offset", before.nextOffset);
      },
    },
  },
  {
    id: "5.6-14",
    level: "STATED",
    text: "A read answers with the stream's content type.",
    tests: {
      "keeps types and their parameters": async (s) => {
        for (const type of ["text/plain", "application/x-protobuf", "image/png"]) {
          const path = await s.create({ type, body: "x" });
          expectHeader(await s.get(path), "Content-Type", new RegExp(`^${type}`));
        }
      },
    },
  },
];
