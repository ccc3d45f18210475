/** §5.8: following by Server-Sent Events: how events look. The life of a connection is in sse-life.ts. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import {
  controlsOf,
  dataOf,
  expectHeader,
  expectNoHeader,
  expectStatus,
  lastControl,
} from "./check.ts";
import { catchUp, decode, followWhile } from "./follow.ts";

const BYTES = "application/octet-stream";
const JSON_TYPE = "application/json";
const CONNECTIONS_MAX = 20;

export const sse: readonly Requirement[] = [
  {
    id: "5.8-01",
    level: "MUST",
    text: "An SSE answer is 200 with `Content-Type: text/event-stream`.",
    tests: {
      "has the type for text, JSON and bytes": async (s) => {
        for (const type of ["text/plain", JSON_TYPE, BYTES]) {
          const { answer } = await catchUp(s, await s.create({ type }));
          expectStatus(answer, 200);
          expectHeader(answer, "Content-Type", /^text\/event-stream/);
        }
      },
    },
  },
  {
    id: "5.8-02",
    level: "MUST",
    text: "Streams that are neither text nor JSON are sent in base64, and `Stream-SSE-Data-Encoding: base64` says so.",
    tests: {
      "encodes every byte value": async (s) => {
        const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, n) => n));
        const path = await s.create({ type: BYTES, body: bytes });
        const followed = await catchUp(s, path);
        expectHeader(followed.answer, "Stream-SSE-Data-Encoding", "base64");
        assert.deepEqual(decode(followed), bytes);
      },
      "encodes other types that are no text": async (s) => {
        const path = await s.create({ type: "application/x-protobuf", body: "\u0001" });
        const followed = await catchUp(s, path);
        expectHeader(followed.answer, "Stream-SSE-Data-Encoding", "base64");
        assert.equal(decode(followed).toString(), "\u0001");
      },
    },
  },
  {
    id: "5.8-03",
    level: "STATED",
    text: "Text and JSON are sent as they are, without an encoding header.",
    tests: {
      "sends UTF-8 text directly": async (s) => {
        for (const [type, body] of [
          ["text/plain", "zażółć 🌊"],
          ["text/csv", "a,b"],
        ]) {
          const followed = await catchUp(
            s,
            await s.create({ type: type ?? null, body: body ?? "" }),
          );
          expectNoHeader(followed.answer, "Stream-SSE-Data-Encoding");
          assert.equal(dataOf(followed).join(""), body);
        }
      },
      "sends JSON directly": async (s) => {
        const followed = await catchUp(s, await s.create({ type: JSON_TYPE, body: '[{"k":"ż"}]' }));
        expectNoHeader(followed.answer, "Stream-SSE-Data-Encoding");
        assert.deepEqual(JSON.parse(dataOf(followed).join("")), [{ k: "ż" }]);
      },
    },
  },
  {
    id: "5.8-04",
    level: "STATED",
    text: "Every line of a data event carries its own `data:`, so that content can forge no event.",
    tests: {
      "keeps line breaks of the content": async (s) => {
        const body = "first\nsecond\n\nfourth\n";
        const followed = await catchUp(s, await s.create({ body }));
        assert.equal(dataOf(followed).join(""), body);
      },
      "lets no content pass for an event": async (s) => {
        for (const end of ["\n", "\r", "\r\n"]) {
          const forged = [
            "x",
            "",
            "event: control",
            'data: {"streamNextOffset":"forged"}',
            "",
            "y",
          ];
          const path = await s.create({ body: forged.join(end) });
          const followed = await catchUp(s, path);
          const offsets = controlsOf(followed).map((control) => control.streamNextOffset);
          assert(!offsets.includes("forged"), "The content was taken for a control event.");
          assert.equal(offsets.at(-1), await s.tail(path));
        }
      },
      "keeps spaces at the beginning of a line": async (s) => {
        const body = " one\n  two";
        assert.equal(dataOf(await catchUp(s, await s.create({ body }))).join(""), body);
      },
    },
  },
  {
    id: "5.8-05",
    level: "MUST",
    text: "The base64 text of each data event is valid by itself: its length is a multiple of 4.",
    tests: {
      "decodes event by event, for lengths 1 to 5": async (s) => {
        for (let length = 1; length <= 5; length += 1) {
          const path = await s.create({ type: BYTES });
          const part = Buffer.alloc(length, 0xfb);
          await s.post(path, part, { type: BYTES });
          await s.post(path, part, { type: BYTES });
          assert.deepEqual(decode(await catchUp(s, path)), Buffer.concat([part, part]));
        }
      },
    },
  },
  {
    id: "5.8-06",
    level: "STATED",
    text: "A control event follows every data event.",
    tests: {
      "puts one behind each, in text, JSON and bytes": async (s) => {
        for (const [type = "", body = ""] of [
          ["text/plain", "x"],
          [JSON_TYPE, '["a","b"]'],
          [BYTES, "x"],
        ]) {
          const path = await s.create({ type });
          for (let n = 0; n < 3; n += 1) await s.post(path, body, { type });
          const { events } = await catchUp(s, path);
          events.forEach((event, index) => {
            if (event.event !== "data") return;
            assert.equal(
              events[index + 1]?.event,
              "control",
              "A data event has no control event behind it.",
            );
          });
        }
      },
    },
  },
  {
    id: "5.8-07",
    level: "MUST",
    text: "Control events carry `streamNextOffset`, from which a new connection goes on.",
    tests: {
      "names the tail behind everything": async (s) => {
        const path = await s.create({ body: "abc" });
        const control = lastControl(await catchUp(s, path));
        assert.equal(control.streamNextOffset, await s.tail(path));
      },
      "goes on from every offset, without gap or repetition": async (s) => {
        const path = await s.create();
        const offsets = ["-1"];
        for (let n = 0; n < 4; n += 1) offsets.push((await s.post(path, `${n};`)).nextOffset);
        for (const [n, offset] of offsets.entries()) {
          assert.equal(dataOf(await catchUp(s, path, offset)).join(""), "0;1;2;3;".slice(2 * n));
        }
      },
      "goes on from the control event of an earlier connection": async (s) => {
        const path = await s.create({ body: "old;" });
        const offset = String(lastControl(await catchUp(s, path)).streamNextOffset);
        await s.post(path, "new;");
        assert.equal(dataOf(await catchUp(s, path, offset)).join(""), "new;");
      },
    },
  },
  {
    id: "5.8-08",
    level: "MUST",
    text: "Control events carry `streamCursor` when the stream is open.",
    tests: {
      "carries a cursor in each": async (s) => {
        const path = await s.create({ body: "abc" });
        const followed = await followWhile(s, path, "more", () => s.post(path, "more"));
        for (const control of controlsOf(followed)) {
          assert(typeof control.streamCursor === "string" && control.streamCursor !== "");
        }
      },
    },
  },
  {
    id: "5.8-09",
    level: "MUST",
    text: "Control events carry `upToDate: true` when the client has everything.",
    tests: {
      "says so with the last data and on an empty stream": async (s) => {
        for (const path of [await s.create({ body: "abc" }), await s.create()]) {
          const control = lastControl(await catchUp(s, path));
          assert.equal(control.upToDate, true);
          assert.equal(control.streamNextOffset, await s.tail(path));
        }
      },
      "says so again behind data that arrives": async (s) => {
        const path = await s.create();
        const followed = await followWhile(s, path, "more", () => s.post(path, "more"));
        assert.equal(lastControl(followed).upToDate, true);
      },
    },
  },
  {
    id: "5.8-10",
    level: "STATED",
    text: "A control event says `upToDate` only at the tail.",
    tests: {
      "does not say so in the middle of a large stream": async (s) => {
        const path = await s.create({ type: BYTES });
        for (let n = 0; n < 8; n += 1) {
          await s.post(path, Buffer.alloc(1_048_576, n), { type: BYTES });
        }
        const tail = await s.tail(path);
        let offset = "-1";
        let bytes = 0;
        // A server may end a connection when it likes: the client goes on where the last event has brought it.
        for (let n = 0; n < CONNECTIONS_MAX && offset !== tail; n += 1) {
          const followed = await catchUp(s, path, offset);
          for (const { upToDate, streamNextOffset } of controlsOf(followed)) {
            assert.equal(upToDate === true, streamNextOffset === tail);
          }
          bytes += decode(followed).length;
          offset = String(lastControl(followed).streamNextOffset);
        }
        assert.equal(offset, tail);
        assert.equal(bytes, 8 * 1_048_576);
      },
    },
  },
];
