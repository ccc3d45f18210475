/** §3, §12 and what a server owes to HTTP itself (RFC 9110). */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import type { Subject } from "../harness/subject.ts";
import {
  caughtUp,
  expectContent,
  expectHeader,
  expectStatus,
  expectText,
  isTrue,
} from "./check.ts";

const TRAVERSALS = [
  "/../../../../etc/passwd",
  "/..%2f..%2f..%2f..%2fetc%2fpasswd",
  "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
  "/..%5c..%5c..%5cetc%5cpasswd",
  "/....//....//etc/passwd",
  "/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
  "/a%00/../etc/passwd",
  "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
];

/** One answer of every kind, by what it is. */
async function everyAnswer(s: Subject) {
  const path = await s.create({ body: "abc" });
  const closed = await s.create({ headers: { "Stream-Closed": "true" } });
  return {
    "PUT 201": await s.put(s.path()),
    "PUT 200": await s.put(path),
    "PUT 409": await s.put(path, { type: "text/html" }),
    "POST 204": await s.post(path, "x"),
    "POST 400": await s.post(path, ""),
    "POST 409": await s.post(closed, "x"),
    "GET 200": await s.get(path),
    "GET 400": await s.get(path, { offset: "a/b" }),
    "GET 404": await s.get(s.path()),
    "HEAD 200": await s.head(path),
    "long-poll 200": await s.poll(path, "-1"),
    "long-poll 204": await s.poll(closed, "now"),
    "SSE 200": (await s.sse(path, "-1", { until: caughtUp })).answer,
    "DELETE 204": await s.delete(path),
  };
}

export const http: readonly Requirement[] = [
  {
    id: "3-01",
    level: "STATED",
    text: "Header names count in any case.",
    tests: {
      "understands lower and upper case": async (s) => {
        for (const change of [(n: string) => n.toLowerCase(), (n: string) => n.toUpperCase()]) {
          const path = await s.create();
          const headers = { "Producer-Id": "p", "Producer-Epoch": "0", "Producer-Seq": "0" };
          const changed = Object.entries({ ...headers, "Stream-Closed": "true" }).map(
            ([name, value]) => [change(name), value] as const,
          );
          expectStatus(await s.post(path, "x", { headers: changed }), 200);
          assert(isTrue(await s.head(path), "Stream-Closed"));
        }
      },
    },
  },
  {
    id: "3-02",
    level: "STATED",
    text: "A method that the protocol does not know is refused and changes nothing.",
    tests: {
      "refuses PATCH": async (s) => {
        const path = await s.create({ body: "abc" });
        const answer = await s.session.send("PATCH", path, { body: "x" });
        assert(
          answer.status >= 400 && answer.status < 600 && answer.status !== 404,
          String(answer.status),
        );
        await expectContent(s, path, "abc");
      },
    },
  },
  {
    id: "3-03",
    level: "STATED",
    text: "Different paths are different streams, escapes, case and odd characters included.",
    tests: {
      "keeps similar paths apart or refuses them": async (s) => {
        const base = s.path("odd");
        const names = [
          "a",
          "A",
          "a%20b",
          "a+b",
          "a%2Bb",
          "a.b",
          "a..b",
          "a~b",
          "%C3%BC",
          "a:b@c",
          "a;b",
          "%25",
          "a%2520b",
        ];
        const created: [path: string, body: string][] = [];
        for (const [n, name] of names.entries()) {
          const path = `${base}/${name}`;
          const { status } = await s.put(path, { body: `content ${n}` });
          // `+` and `%2B` may be one name to a server, and a server may refuse what it does not want to store.
          const known = (await s.get(path)).text;
          if (status === 201) created.push([path, `content ${n}`]);
          else if (status === 200) assert(name === "a%2Bb", `${name} is the stream of ${known}.`);
          else assert(status >= 400 && status < 500, `${name} was answered ${status}.`);
        }
        assert(created.length >= 8, "Most of these paths are refused.");
        for (const [path, body] of created) expectText(await s.get(path), body);
      },
      "takes a deep and a long path, or refuses it": async (s) => {
        for (const tail of ["/x".repeat(100), `/${"y".repeat(900)}`, `/${"z".repeat(6_000)}`]) {
          const path = s.path() + tail;
          const { status } = await s.put(path, { body: "x" });
          assert(status === 201 || (status >= 400 && status < 500), `The answer is ${status}.`);
          if (status === 201) expectText(await s.get(path), "x");
        }
      },
      "does not mix a stream with one below its path": async (s) => {
        const path = await s.create({ body: "above" });
        const { status } = await s.put(`${path}/below`, { body: "below" });
        if (status === 201) expectText(await s.get(`${path}/below`), "below");
        expectText(await s.get(path), "above");
      },
    },
  },
  {
    id: "3-04",
    level: "STATED",
    text: "Content types compare as media types do: their case does not count (RFC 9110, section 8.3.1).",
    tests: {
      "takes TEXT/PLAIN for text/plain, in PUT and POST": async (s) => {
        const path = await s.create({ type: "text/plain" });
        expectStatus(await s.put(path, { type: "Text/Plain" }), 200);
        expectStatus(await s.post(path, "x", { type: "TEXT/PLAIN" }), 204);
        await expectContent(s, path, "x");
      },
      "knows JSON with a charset and in capitals": async (s) => {
        for (const type of ["application/json; charset=utf-8", "Application/JSON"]) {
          const path = await s.create({ type });
          expectStatus(await s.post(path, "[1,2]", { type }), 204);
          assert.deepEqual((await s.get(path)).json, [1, 2]);
        }
      },
    },
  },
  {
    id: "12-01",
    level: "SHOULD",
    text: "Paths lead to streams only: traversal reaches nothing else.",
    tests: {
      "reads no file": async (s) => {
        for (const attempt of TRAVERSALS) {
          const answer = await s.get(`/v1/stream${attempt}`);
          assert(answer.status >= 400 && answer.status < 500, `${attempt}: ${answer.status}`);
          assert.doesNotMatch(answer.text, /root:.*:0:0/, attempt);
        }
      },
      "writes no file and survives": async (s) => {
        for (const attempt of TRAVERSALS) {
          const target = `/v1/stream${attempt}-${process.pid}`;
          const { status } = await s.put(target, { body: "x" });
          assert(status < 500, `${attempt}: ${status}`);
          if (status === 201) await s.delete(target);
        }
        await s.create();
      },
      "does not break on malformed escapes": async (s) => {
        for (const name of ["%", "%zz", "%c3", "%ff"]) {
          const { status } = await s.put(`${s.path()}/${name}`);
          assert(status === 201 || (status >= 400 && status < 500), `${name}: ${status}`);
        }
      },
    },
  },
  {
    id: "12-02",
    level: "MUST",
    text: "Appended content types are checked against the stream's.",
    tests: {
      "refuses another type, in the middle of other appends": async (s) => {
        const path = await s.create({ type: "application/json" });
        expectStatus(await s.post(path, "1", { type: "application/json" }), 204);
        expectStatus(await s.post(path, "2", { type: "text/plain" }), 409);
        expectStatus(await s.post(path, "2", { type: "application/octet-stream" }), 409);
        expectText(await s.get(path), "[1]");
      },
    },
  },
  {
    id: "12-03",
    level: "MUST",
    text: "A sequence regression is refused.",
    tests: {
      "refuses it after other writers' appends": async (s) => {
        const path = await s.create();
        await s.post(path, "a", { headers: { "Stream-Seq": "b" } });
        await s.post(path, "b");
        expectStatus(await s.post(path, "c", { headers: { "Stream-Seq": "a" } }), 409);
        expectStatus(await s.post(path, "c", { headers: { "Stream-Seq": "b" } }), 409);
        await expectContent(s, path, "ab");
      },
    },
  },
  {
    id: "12-04",
    level: "SHOULD",
    text: "Every answer carries `X-Content-Type-Options: nosniff`.",
    tests: {
      "carries it, whatever the answer": async (s) => {
        for (const [name, answer] of Object.entries(await everyAnswer(s))) {
          assert.equal(answer.header("X-Content-Type-Options"), "nosniff", `${name} lacks it.`);
        }
      },
    },
  },
  {
    id: "12-05",
    level: "SHOULD",
    text: "Answers carry `Cross-Origin-Resource-Policy`.",
    tests: {
      "carries it, whatever the answer": async (s) => {
        for (const [name, answer] of Object.entries(await everyAnswer(s))) {
          const value = answer.header("Cross-Origin-Resource-Policy") ?? "absent";
          assert.match(value, /^(cross-origin|same-origin|same-site)$/, `${name}: it is ${value}.`);
        }
      },
    },
  },
  {
    id: "12-06",
    level: "SHOULD",
    text: "Answers to HEAD are `Cache-Control: no-store`.",
    tests: {
      "may not be stored": async (s) => {
        const path = await s.create({ body: "abc" });
        expectHeader(await s.head(path), "Cache-Control", /no-store/);
        await s.close(path);
        expectHeader(await s.head(path), "Cache-Control", /no-store/);
      },
    },
  },
  {
    id: "12-07",
    level: "STATED",
    text: "An answer to GET is of the stated length and type, and HEAD's headers agree with it.",
    tests: {
      "has one Content-Type and the right Content-Length": async (s) => {
        const path = await s.create({ body: "abc" });
        const answer = await s.get(path);
        expectHeader(answer, "Content-Type", /^text\/plain(;[^,]*)?$/);
        const length = answer.header("Content-Length");
        if (length !== undefined) assert.equal(length, "3");
        expectHeader(await s.head(path), "Content-Type", answer.header("Content-Type") ?? "");
      },
    },
  },
];
