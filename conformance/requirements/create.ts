/** §5.1: creating streams. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectContent, expectHeader, expectNoHeader, expectStatus, expectText } from "./check.ts";

const CLOSED = { "Stream-Closed": "true" };
const FAR = "2099-01-01T00:00:00Z";

export const create: readonly Requirement[] = [
  {
    id: "5.1-01",
    level: "MUST",
    text: "A PUT that matches the existing stream's configuration is answered 200.",
    tests: {
      "answers 200 to the same PUT": async (s) => {
        const path = await s.create();
        expectStatus(await s.put(path), 200);
      },
      "answers 200 with the same TTL and with the same expiry": async (s) => {
        for (const headers of [{ "Stream-TTL": "3600" }, { "Stream-Expires-At": FAR }]) {
          const path = await s.create({ headers });
          expectStatus(await s.put(path, { headers }), 200);
        }
      },
      "changes nothing when it answers 200": async (s) => {
        const path = await s.create({ body: "first" });
        expectStatus(await s.put(path, { body: "second" }), 200);
        await expectContent(s, path, "first");
      },
    },
  },
  {
    id: "5.1-02",
    level: "MUST",
    text: "A PUT that differs from the existing stream's configuration is answered 409.",
    tests: {
      "refuses another content type": async (s) => {
        const path = await s.create();
        expectStatus(await s.put(path, { type: "application/json" }), 409);
      },
      "refuses another TTL, and one where there was none": async (s) => {
        const path = await s.create({ headers: { "Stream-TTL": "3600" } });
        expectStatus(await s.put(path, { headers: { "Stream-TTL": "7200" } }), 409);
        expectStatus(await s.put(path), 409);
        const plain = await s.create();
        expectStatus(await s.put(plain, { headers: { "Stream-TTL": "3600" } }), 409);
      },
      "refuses another expiry": async (s) => {
        const path = await s.create({ headers: { "Stream-Expires-At": FAR } });
        const headers = { "Stream-Expires-At": "2098-01-01T00:00:00Z" };
        expectStatus(await s.put(path, { headers }), 409);
      },
    },
  },
  {
    id: "5.1-03",
    level: "MUST",
    text: "Whether a PUT matches also depends on closure: open needs no `Stream-Closed`, closed needs it.",
    tests: {
      "answers 409 to a plain PUT on a closed stream": async (s) => {
        const path = await s.create();
        await s.close(path);
        expectStatus(await s.put(path), 409);
      },
      "answers 200 to a closing PUT on a closed stream": async (s) => {
        const path = await s.create({ headers: CLOSED });
        expectStatus(await s.put(path, { headers: CLOSED }), 200);
        const later = await s.create();
        await s.close(later);
        expectStatus(await s.put(later, { headers: CLOSED }), 200);
      },
      "answers 409 to a closing PUT on an open stream": async (s) => {
        const path = await s.create();
        expectStatus(await s.put(path, { headers: CLOSED }), 409);
        expectNoHeader(await s.head(path), "Stream-Closed");
      },
    },
  },
  {
    id: "5.1-04",
    level: "MAY",
    text: "A PUT without Content-Type makes a stream of `application/octet-stream`.",
    tests: {
      "defaults to application/octet-stream": async (s) => {
        const path = await s.create({ type: null });
        expectHeader(await s.head(path), "Content-Type", /^application\/octet-stream/);
      },
    },
  },
  {
    id: "5.1-08",
    level: "STATED",
    text: "A stream created with `Stream-Closed: true` is closed, and the body is its whole content.",
    tests: {
      "creates an empty closed stream": async (s) => {
        const path = await s.create({ headers: CLOSED });
        const read = await s.get(path);
        expectText(read, "");
        expectHeader(read, "Stream-Closed", /^true$/i);
      },
      "creates a closed stream with content": async (s) => {
        const path = await s.create({ headers: CLOSED, body: "whole" });
        expectText(await s.get(path), "whole");
        expectStatus(await s.post(path, "more"), 409);
      },
    },
  },
  {
    id: "5.1-09",
    level: "SHOULD",
    text: "201 carries a `Location` that names the stream.",
    tests: {
      "names the stream, escapes included": async (s) => {
        for (const path of [s.path(), `${s.path()}%20x`]) {
          const answer = await s.put(path);
          expectStatus(answer, 201);
          const location = new URL(answer.header("Location") ?? "absent:", "http://server");
          assert.equal(location.pathname, s.session.prefix + path, "Location is another path.");
        }
      },
    },
  },
  {
    id: "5.1-10",
    level: "STATED",
    text: "201 and 200 carry the stream's `Content-Type` and its tail in `Stream-Next-Offset`.",
    tests: {
      "describes the stream on 201 and on 200": async (s) => {
        const path = s.path();
        const created = await s.put(path, { body: "abc" });
        const again = await s.put(path);
        const tail = await s.tail(path);
        for (const answer of [created, again]) {
          expectHeader(answer, "Content-Type", /^text\/plain/);
          expectHeader(answer, "Stream-Next-Offset", tail);
        }
      },
    },
  },
  {
    id: "5.1-11",
    level: "STATED",
    text: "The answer carries `Stream-Closed: true` when the stream was created closed, and not when it is open.",
    tests: {
      "tells closed from open": async (s) => {
        expectHeader(await s.put(s.path(), { headers: CLOSED }), "Stream-Closed", /^true$/i);
        expectNoHeader(await s.put(s.path()), "Stream-Closed");
      },
    },
  },
  {
    id: "5.1-12",
    level: "STATED",
    text: "The body of the PUT is the first content of the stream.",
    tests: {
      "starts with the body": async (s) => {
        const path = await s.create({ body: "first," });
        await s.post(path, "second");
        await expectContent(s, path, "first,second");
      },
    },
  },
  {
    id: "5.1-17",
    level: "STATED",
    text: "`Stream-Fork-Offset` and `Stream-Fork-Sub-Offset` need `Stream-Forked-From`: without it, 400.",
    tests: {
      "refuses them alone": async (s) => {
        for (const headers of [{ "Stream-Fork-Offset": "-1" }, { "Stream-Fork-Sub-Offset": "0" }]) {
          const path = s.path();
          expectStatus(await s.put(path, { headers }), 400);
          expectStatus(await s.head(path), 404);
        }
      },
    },
  },
];
