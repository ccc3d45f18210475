/** Trims: what lies before the first offset cannot be read, and goes from the journal, D1 and R2. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  call,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  put,
  restart,
  settle,
  shiftClock,
  trimmedRows,
  tuneStreams,
  wake,
} from "./harness.ts";
import { TEXT, textOf, trim, earliest, idOf, held, journalRows, spread } from "./stored.ts";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

const BINARY = "application/octet-stream";

describe("DELETE ?before= (trim)", () => {
  it.each([
    ["the first segment", 0, { blocks: 2, segments: 1, objects: 1 }],
    ["all segments", 1, { blocks: 2, segments: 0, objects: 0 }],
    ["the first block too", 2, { blocks: 1, segments: 0, objects: 0 }],
    ["all blocks", 3, { blocks: 0, segments: 0, objects: 0 }],
    ["a part of the journal", 4, { blocks: 0, segments: 0, objects: 0 }],
    ["everything", 5, { blocks: 0, segments: 0, objects: 0 }],
  ])("removes %s, and nothing else", async (name, index, left) => {
    const path = `trim/${name}`;
    const offsets = await spread(path);
    const before = offsets[index] ?? "";
    const answer = await trim(path, before);
    expect(answer.status).toBe(204);
    expect(answer.headers.get("Stream-Earliest-Offset")).toBe(before);
    expect(nextOffset(answer)).toBe(offsets.at(-1));
    const expected = "a.b.c.d.e.f.".slice((index + 1) * 2);
    const expectReads = async (text: string) => {
      expect(await textOf(path)).toBe(text);
      expect(await textOf(path, before)).toBe(text);
      for (const [i, offset] of ["-1", ...offsets].entries()) {
        const { status, headers } = await ask(path, {}, `?offset=${offset}`);
        expect(status, offset).toBe(offset !== "-1" && i <= index ? 410 : 200);
        if (status === 410) expect(headers.get("Stream-Earliest-Offset")).toBe(before);
      }
    };
    await expectReads(expected);
    expect(await settle([path])).toBe(0);
    expect(await held(path)).toEqual(left);
    await restart(path);
    await expectReads(expected);
    expect(nextOffset(await post(path, TEXT, "g.")) > (offsets.at(-1) ?? "")).toBe(true);
    await flush(path);
    expect(await journalRows(path)).toBe(0);
    await restart(path);
    await expectReads(`${expected}g.`);
    await compact(path);
    await restart(path);
    await expectReads(`${expected}g.`);
    expect(await held(path)).toMatchObject({ blocks: 0 });
    expect(await trimmedRows(path)).toBe(0);
  });

  it("of everything empties the journal with the next alarm, and leaves nothing to wake for", async () => {
    const path = "trim/idle";
    await put(path, TEXT, "one");
    await trim(path, "now");
    expect(await settle([path])).toBe(0);
    await restart(path);
    await shiftClock(path, 700_000);
    await wake(path);
    expect(await journalRows(path)).toBe(0);
    expect(await held(path)).toEqual({ blocks: 0, segments: 0, objects: 0 });
    expect(await inStream(path, (stream) => stream.nextDueMs())).toBeUndefined();
    await restart(path);
    const next = nextOffset(await post(path, TEXT, "two"));
    expect([await textOf(path), next > (await earliest(path))]).toEqual(["two", true]);
  });

  it("does nothing before the first offset, and takes a byte inside an append as it is", async () => {
    const path = "trim/inside";
    await put(path, TEXT, "hello");
    const inside = "0000000000000000_0000000000000002";
    expect((await trim(path, inside)).headers.get("Stream-Earliest-Offset")).toBe(inside);
    for (const before of ["-1", "0000000000000000_0000000000000001"]) {
      const answer = await trim(path, before);
      expect([answer.status, answer.headers.get("Stream-Earliest-Offset")]).toEqual([204, inside]);
    }
    for (const move of [flush, compact, restart]) {
      await move(path);
      expect(await textOf(path)).toBe("llo");
    }
  });

  it("does not bring back what it removed when a small block grows", async () => {
    const path = "trim/open";
    await put(path, TEXT, "old.");
    await flush(path);
    await trim(path, "now");
    expect(await settle([path])).toBe(0);
    await post(path, TEXT, "new.");
    await flush(path);
    const { results } = await env.DB.prepare("SELECT start, body FROM blocks WHERE stream_id = ?")
      .bind(await idOf(path))
      .all();
    expect(results).toEqual([{ start: 4, body: "new." }]);
  });

  it("lets a closed stream be emptied, and readers learn its end", async () => {
    const path = "trim/closed";
    await put(path, TEXT, "text");
    await ask(path, { method: "POST", headers: { "Stream-Closed": "true" } });
    expect((await trim(path, "now")).status).toBe(204);
    const { headers, body } = await ask(path);
    expect([headers.get("Stream-Closed"), body.length]).toEqual(["true", 0]);
  });
});

describe("a reader that a trim leaves behind", () => {
  it("is sent no more bytes: its connection ends", async () => {
    const path = "behind/sse";
    const bytes = 3 * 1_048_576;
    await put(path, BINARY, new Uint8Array(bytes));
    const answer = await call(path, {}, "?offset=-1&live=sse");
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    expect((await trim(path, "now")).status).toBe(204);
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      text += part.value;
    }
    const events = text.split("\n\n").filter((event) => event.includes("event: data"));
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThan(3);
  });

  it("is answered 410 with the first offset when it comes back", async () => {
    const path = "behind/poll";
    const start = await put(path, TEXT, "one");
    await post(path, TEXT, "two");
    await trim(path, "now");
    for (const live of ["long-poll", "sse"]) {
      const query = `?offset=${nextOffset(start)}&live=${live}`;
      const { status, headers } = await ask(path, {}, query);
      expect([status, headers.get("Stream-Earliest-Offset")]).toEqual([410, await earliest(path)]);
    }
  });
});
