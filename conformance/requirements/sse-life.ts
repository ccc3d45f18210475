/** §5.8: the life of an SSE connection: what is delivered, and when and how it ends. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { caughtUp, controlsOf, dataOf, expectStatus, has, lastControl } from "./check.ts";
import { catchUp, followWhile } from "./follow.ts";

const CLOSED = { "Stream-Closed": "true" };
const BYTES = "application/octet-stream";
const JSON_TYPE = "application/json";

export const sseLife: readonly Requirement[] = [
  {
    id: "5.8-11",
    level: "MUST",
    text: "The control event behind the last data of a closed stream carries `streamClosed: true`.",
    tests: {
      "ends with it when the stream was closed before": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const followed = await s.sse(path, "-1");
        assert.equal(dataOf(followed).join(""), "abc");
        assert.equal(lastControl(followed).streamClosed, true);
        assert.equal(controlsOf(followed).filter((control) => control.streamClosed).length, 1);
      },
      "ends with it when the stream is closed with its last append": async (s) => {
        const path = await s.create({ body: "abc" });
        const followed = await followWhile(s, path, "last", () =>
          s.post(path, "last", { headers: CLOSED }),
        );
        const rest =
          lastControl(followed).streamClosed === true
            ? followed
            : await s.sse(path, String(lastControl(followed).streamNextOffset));
        assert.equal(lastControl(rest).streamClosed, true);
      },
      "does not say so while the stream is open": async (s) => {
        const followed = await catchUp(s, await s.create({ body: "abc" }));
        for (const control of controlsOf(followed)) assert.notEqual(control.streamClosed, true);
      },
    },
  },
  {
    id: "5.8-12",
    level: "MUST",
    text: "The server ends the connection behind the control event with `streamClosed`.",
    tests: {
      "ends when the stream was closed before": async (s) => {
        const path = await s.create({ body: "abc", headers: CLOSED });
        const limit = Math.min(s.options.sseDurationMs * 0.7, 10_000);
        const followed = await s.sse(path, "-1", { timeoutMs: limit });
        assert.equal(followed.ended, "by server");
      },
      "ends when the stream is closed while it is followed": async (s) => {
        const path = await s.create({ body: "abc" });
        let closing: Promise<unknown> | undefined;
        const followed = await s.sse(path, "-1", {
          until: (events) => {
            if (caughtUp(events)) closing ??= s.close(path);
            return false;
          },
          timeoutMs: Math.min(s.options.sseDurationMs * 0.7, 10_000),
        });
        await closing;
        assert.equal(followed.ended, "by server");
        assert.equal(lastControl(followed).streamClosed, true);
      },
    },
  },
  {
    id: "5.8-13",
    level: "MUST",
    text: "At the tail of a closed stream a control event with `streamClosed` and `upToDate` comes at once.",
    tests: {
      "sends one control event and ends": async (s) => {
        const path = await s.create({ body: "abc" });
        const { nextOffset } = await s.close(path);
        const followed = await s.sse(path, nextOffset, { timeoutMs: 5_000 });
        assert.equal(followed.ended, "by server");
        assert.deepEqual(dataOf(followed), []);
        const control = lastControl(followed);
        assert.equal(control.streamClosed, true);
        assert.equal(control.upToDate, true);
        assert.equal(control.streamNextOffset, nextOffset);
      },
    },
  },
  {
    id: "5.8-14",
    level: "STATED",
    text: "SSE names an offset: without one, or with a malformed one, it is answered 400.",
    tests: {
      "refuses before any event": async (s) => {
        const path = await s.create({ body: "a" });
        expectStatus(await s.get(path, { live: "sse" }), 400);
        expectStatus((await s.sse(path, "a/b")).answer, 400);
      },
    },
  },
  {
    id: "5.8-15",
    level: "STATED",
    text: "SSE on a stream that does not exist is answered 404.",
    tests: {
      "answers 404": async (s) => {
        expectStatus((await s.sse(s.path(), "-1")).answer, 404);
      },
    },
  },
  {
    id: "5.8-16",
    level: "STATED",
    text: "Appends reach a connection that follows, each once and in order.",
    tests: {
      "delivers what is appended": async (s) => {
        const path = await s.create({ body: "old" });
        const followed = await followWhile(s, path, "9;", async () => {
          for (let n = 0; n < 10; n += 1) await s.post(path, `${n};`);
        });
        assert.equal(dataOf(followed).join(""), "0;1;2;3;4;5;6;7;8;9;");
      },
      "delivers JSON messages as arrays": async (s) => {
        const path = await s.create({ type: JSON_TYPE });
        const followed = await followWhile(s, path, "3", async () => {
          for (const body of ["1", "[2,3]"]) await s.post(path, body, { type: JSON_TYPE });
        });
        const messages = dataOf(followed).flatMap((data) => JSON.parse(data) as unknown);
        assert.deepEqual(messages, [1, 2, 3]);
      },
    },
  },
  {
    id: "5.8-17",
    level: "STATED",
    text: "Control events are JSON as they are, in streams of bytes too.",
    tests: {
      "does not encode control events": async (s) => {
        const followed = await catchUp(s, await s.create({ type: BYTES, body: "x" }));
        assert(
          controlsOf(followed).every((control) => typeof control.streamNextOffset === "string"),
        );
      },
    },
  },
  {
    id: "5.8-18",
    level: "STATED",
    text: "SSE on a fork delivers inherited data, then the fork's own, and never what the source gets later.",
    tests: {
      "delivers both parts and not the source's appends": async (s) => {
        const source = await s.create({ body: "inherited;" });
        const fork = await s.fork(source);
        let acting: Promise<unknown> | undefined;
        const act = async () => {
          await s.post(source, "later;");
          await s.post(fork, "own;");
        };
        const followed = await s.sse(fork, "-1", {
          until: (events) => {
            if (caughtUp(events)) acting ??= act();
            return has("own;")(events);
          },
        });
        await acting;
        assert.equal(dataOf(followed).join(""), "inherited;own;");
      },
    },
  },
  {
    id: "5.8-19",
    level: "SHOULD",
    text: "The server ends a connection after about 60 seconds (§10.2), with everything it sent accounted for.",
    tests: {
      "ends the connection of an open stream at a control event": async (s) => {
        const path = await s.create({ body: "abc" });
        const timeoutMs = s.options.sseDurationMs * 1.5 + 5_000;
        const followed = await s.sse(path, "-1", { timeoutMs });
        assert.equal(followed.ended, "by server", `The connection stood for ${timeoutMs} ms.`);
        assert.equal(followed.events.at(-1)?.event, "control");
        assert.notEqual(lastControl(followed).streamClosed, true);
      },
    },
  },
];
