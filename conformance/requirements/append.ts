/** §5.2: appending. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import {
  expectContent,
  expectHeader,
  expectIncreasing,
  expectNoHeader,
  expectStatus,
} from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };

export const append: readonly Requirement[] = [
  {
    id: "5.2-01",
    level: "MUST",
    text: "A body of another content type than the stream's is answered 409.",
    tests: {
      "refuses another type and keeps the stream as it was": async (s) => {
        const path = await s.create({ body: "a" });
        expectStatus(await s.post(path, '"b"', { type: "application/json" }), 409);
        await expectContent(s, path, "a");
      },
      "refuses bytes on a JSON stream": async (s) => {
        const path = await s.create({ type: "application/json" });
        expectStatus(await s.post(path, "1", { type: "application/octet-stream" }), 409);
      },
    },
  },
  {
    id: "5.2-03",
    level: "SHOULD",
    text: "A body sent with chunked transfer coding is appended like any other.",
    tests: {
      "appends the chunks of one request as one whole": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, chunks("on", "e", " body")), 204);
        await expectContent(s, path, "one body");
      },
    },
  },
  {
    id: "5.2-04",
    level: "MUST",
    text: "`Stream-Seq` values compare byte by byte, not as numbers.",
    tests: {
      "takes 10 before 2, and B before a": async (s) => {
        for (const [first, second] of [
          ["10", "2"],
          ["B", "a"],
          ["a", "aa"],
        ]) {
          const path = await s.create();
          expectStatus(await s.post(path, "1", { headers: { "Stream-Seq": first ?? "" } }), 204);
          expectStatus(await s.post(path, "2", { headers: { "Stream-Seq": second ?? "" } }), 204);
        }
      },
      "refuses 10 after 2": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "1", { headers: { "Stream-Seq": "2" } }), 204);
        expectStatus(await s.post(path, "2", { headers: { "Stream-Seq": "10" } }), 409);
      },
    },
  },
  {
    id: "5.2-05",
    level: "MUST",
    text: "A `Stream-Seq` that is not greater than the last one is answered 409, and nothing is appended.",
    tests: {
      "refuses an equal and a smaller one": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "a", { headers: { "Stream-Seq": "005" } }), 204);
        expectStatus(await s.post(path, "b", { headers: { "Stream-Seq": "005" } }), 409);
        expectStatus(await s.post(path, "c", { headers: { "Stream-Seq": "004" } }), 409);
        expectStatus(await s.post(path, "d", { headers: { "Stream-Seq": "006" } }), 204);
        await expectContent(s, path, "ad");
      },
      "keeps it across appends without one": async (s) => {
        const path = await s.create();
        await s.post(path, "a", { headers: { "Stream-Seq": "5" } });
        expectStatus(await s.post(path, "b"), 204);
        expectStatus(await s.post(path, "c", { headers: { "Stream-Seq": "4" } }), 409);
      },
    },
  },
  {
    id: "5.2-09",
    level: "MUST",
    text: "A POST without a body is answered 400, unless it closes.",
    tests: {
      "refuses an empty body and a missing one": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, ""), 400);
        expectStatus(await s.post(path, undefined), 400);
        expectStatus(await s.post(path, chunks()), 400);
      },
    },
  },
  {
    id: "5.2-10",
    level: "STATED",
    text: "An append is answered 204.",
    tests: {
      "answers 204 without a body": async (s) => {
        const path = await s.create();
        const answer = await s.post(path, "x");
        expectStatus(answer, 204);
        assert.equal(answer.body.length, 0);
      },
    },
  },
  {
    id: "5.2-11",
    level: "STATED",
    text: "A body without Content-Type is answered 400.",
    tests: {
      "refuses a body whose type is not said": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "x", { type: null }), 400);
        await expectContent(s, path, "");
      },
    },
  },
  {
    id: "5.2-12",
    level: "STATED",
    text: "An append to a stream that does not exist is answered 404.",
    tests: {
      "answers 404 and creates nothing": async (s) => {
        const path = s.path();
        expectStatus(await s.post(path, "x"), 404);
        expectStatus(await s.head(path), 404);
      },
    },
  },
  {
    id: "5.2-13",
    level: "STATED",
    text: "The answer to an append carries the new tail in `Stream-Next-Offset`.",
    tests: {
      "gives the tail, which moves with every append": async (s) => {
        const path = await s.create();
        const offsets = [await s.tail(path)];
        for (const body of ["a", "bb", "ccc"]) {
          const answer = await s.post(path, body);
          expectHeader(answer, "Stream-Next-Offset", await s.tail(path));
          expectNoHeader(answer, "Stream-Closed");
          offsets.push(answer.nextOffset);
        }
        expectIncreasing(offsets);
      },
    },
  },
  {
    id: "5.2-16",
    level: "STATED",
    text: "A conflict on an open stream does not say that it is closed.",
    tests: {
      "leaves Stream-Closed out of a type conflict and a sequence conflict": async (s) => {
        const path = await s.create();
        await s.post(path, "a", { headers: { "Stream-Seq": "5" } });
        const type = await s.post(path, "1", { type: "application/json" });
        const seq = await s.post(path, "b", { headers: { "Stream-Seq": "1" } });
        for (const answer of [type, seq]) {
          expectStatus(answer, 409);
          expectNoHeader(answer, "Stream-Closed");
        }
      },
    },
  },
  {
    id: "5.2-17",
    level: "STATED",
    text: "A refused append leaves no trace: not its bytes, not its `Stream-Seq`, not its closure.",
    tests: {
      "forgets the Stream-Seq and the closure of a refused append": async (s) => {
        const path = await s.create();
        const headers = { "Stream-Seq": "9", ...CLOSED };
        expectStatus(await s.post(path, "1", { type: "application/json", headers }), 409);
        expectStatus(await s.post(path, "a", { headers: { "Stream-Seq": "5" } }), 204);
        await expectContent(s, path, "a");
      },
    },
  },
  {
    id: "5.2-18",
    level: "STATED",
    text: "Bytes are stored as they came, whatever they are.",
    tests: {
      "keeps all 256 byte values, in one append and across appends": async (s) => {
        const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
        const type = "application/octet-stream";
        const path = await s.create({ type });
        for (let n = 0; n < 3; n += 1) expectStatus(await s.post(path, bytes, { type }), 204);
        const answer = await s.get(path);
        assert.deepEqual(Buffer.from(answer.body), Buffer.concat([bytes, bytes, bytes]));
      },
    },
  },
];

async function* chunks(...parts: readonly string[]) {
  for (const part of parts) yield await Promise.resolve(new TextEncoder().encode(part));
}
