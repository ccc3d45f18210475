/** Forks whose source moves or goes away, and flushes that are cut short by a crash. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { packChunks } from "#protocol/frames.ts";
import { BLOCK_BYTES_MAX } from "#protocol/limits.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  put,
  readBytes,
  restart,
  settle,
  tuneStreams,
} from "./harness.ts";

const TEXT = "text/plain";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushIntervalMs: 600_000 }));

const textOf = async (path: string) => new TextDecoder().decode(await readBytes(path));

function fork(path: string, source: string, headers: Record<string, string> = {}) {
  return ask(path, {
    method: "PUT",
    headers: { "Stream-Forked-From": `/v1/stream/${source}`, ...headers },
  });
}

async function remaining(): Promise<{ rows: number; objects: number }> {
  const rows = await env.DB.prepare(
    "SELECT (SELECT count(*) FROM blocks) + (SELECT count(*) FROM segments) + (SELECT count(*) FROM streams) AS n",
  ).first<number>("n");
  return { rows: rows ?? -1, objects: (await env.SEGMENTS.list()).objects.length };
}

describe("forks (§4.2)", () => {
  it("read their source after it is compacted and soft-deleted; the last takes all along", async () => {
    const paths = ["s", "f", "g"];
    await put("s", TEXT, "one ");
    await post("s", TEXT, "two ");
    await fork("f", "s");
    await post("f", TEXT, "three ");
    await post("s", TEXT, "not for f");
    await fork("g", "f", { "Stream-Fork-Offset": zero(), "Stream-Fork-Sub-Offset": "3" });
    await post("g", TEXT, "!");
    const expectForks = async () => {
      expect(await textOf("f")).toBe("one two three ");
      expect(await textOf("g")).toBe("one!");
    };
    await expectForks();
    await compact("s");
    for (const path of paths) await restart(path);
    await expectForks();
    expect((await ask("s", { method: "DELETE" })).status).toBe(204);
    expect((await ask("s")).status).toBe(410);
    for (const path of paths) await restart(path);
    await expectForks();
    expect((await ask("f", { method: "DELETE" })).status).toBe(204);
    await settle(paths);
    expect((await ask("f")).status).toBe(410);
    expect(await textOf("g")).toBe("one!");
    for (const path of paths) await restart(path);
    expect(await textOf("g")).toBe("one!");

    expect((await ask("g", { method: "DELETE" })).status).toBe(204);
    expect(await settle(paths)).toBe(0);
    for (const path of paths) expect((await ask(path)).status).toBe(404);
    expect(await remaining()).toEqual({ rows: 0, objects: 0 });
  });

  function zero(): string {
    return `${"0".repeat(16)}_${"0".repeat(16)}`;
  }
});

describe("a flush that a crash cuts short after its insert", () => {
  it.each([
    ["nothing else", async () => undefined],
    ["more appends", (path: string) => post(path, TEXT, "more ")],
  ])("is repeated without loss or repeat: %s in between", async (name, meanwhile) => {
    const path = `crash-${name}`;
    await put(path, TEXT, "first ");
    await flush(path);
    await post(path, TEXT, "second ");
    await inStream(path, async ({ slot, deps }) => {
      const sealed = deps.journal.seal();
      if (slot.kind === "absent" || sealed === undefined) throw new Error("nothing to flush");
      const chunks = deps.journal.read(slot.record.flushed, "bytes", 1e9);
      await deps.log.insert(slot.record, packChunks(chunks, BLOCK_BYTES_MAX));
    });
    // The object dies before it learns of the insert, and before it clears the journal.
    await restart(path);
    await meanwhile(path);
    const expected = name === "nothing else" ? "first second " : "first second more ";
    expect(await textOf(path)).toBe(expected);
    await flush(path);
    await flush(path);
    await restart(path);
    expect(await textOf(path)).toBe(expected);
    await compact(path);
    await restart(path);
    expect(await textOf(path)).toBe(expected);
  });

  it("is repeated when the crash came after the seal and an append joined the other table", async () => {
    await put("seal", TEXT, "a");
    await inStream("seal", ({ deps }) => void deps.journal.seal());
    const offset = nextOffset(await ask("seal", { method: "HEAD" }));
    await post("seal", TEXT, "b");
    await restart("seal");
    // A reader who goes on where the sealed table ends, with nothing in memory.
    expect(new TextDecoder().decode(await readBytes("seal", offset))).toBe("b");
    await restart("seal");
    expect(await textOf("seal")).toBe("ab");
    await post("seal", TEXT, "c");
    await flush("seal");
    expect(await textOf("seal")).toBe("abc");
    await restart("seal");
    expect(await textOf("seal")).toBe("abc");
  });
});

describe("a compaction that D1 does long after it was given up", () => {
  it("does not take the place of the longer one that was done instead", async () => {
    await put("late", TEXT, "first ");
    await post("late", TEXT, "second");
    await flush("late");
    await inStream("late", async (stream) => {
      const { deps, slot } = stream;
      if (slot.kind === "absent") throw new Error("no stream");
      const { id, base } = slot.record;
      const [all] = await deps.log.read(id, base, "text", 100);
      if (all === undefined) throw new Error("no block");
      const [end = 0] = all.ends;
      const shorter = { start: base, ends: [end], payload: all.payload.slice(0, end) };
      const early = await deps.segments.put(id, [shorter]);
      await deps.log.replaceBySegment(id, await deps.segments.put(id, [all]));
      await deps.log.replaceBySegment(id, early);
      stream.commit({ record: { ...slot.record, compacted: slot.tail } });
    });
    await restart("late");
    expect(await textOf("late")).toBe("first second");
  });
});

describe("a compaction that a crash cuts short", () => {
  it("is repeated after the object was put, and after the rows were exchanged", async () => {
    await put("cut", TEXT, "cold bytes");
    await flush("cut");
    const id = await inStream("cut", ({ slot }) => (slot.kind === "present" ? slot.record.id : ""));
    await inStream("cut", async ({ deps, slot }) => {
      if (slot.kind === "absent") throw new Error("no stream");
      const [first, ...rest] = await deps.log.read(id, slot.record.base, "text", 100);
      if (first === undefined) throw new Error("no block");
      const segment = await deps.segments.put(id, [first, ...rest]);
      await deps.log.replaceBySegment(id, segment);
    });
    await restart("cut");
    expect(await textOf("cut")).toBe("cold bytes");
    await compact("cut");
    await restart("cut");
    await post("cut", TEXT, ", warm");
    await compact("cut");
    await restart("cut");
    expect(await textOf("cut")).toBe("cold bytes, warm");
    expect((await env.SEGMENTS.list({ prefix: `segments/${id}/` })).objects).toHaveLength(2);
  });
});
