/** What nobody reads any more goes, whatever crashes or happens at the same time; what forks read stays. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { runCompaction, runFlush } from "#engine/flush.ts";
import { removeTrimmed } from "#engine/reclaim.ts";
import {
  ask,
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
import { TEXT, textOf, trim, earliest, idOf, heldUnder, held, fork, spread } from "./stored.ts";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

describe("the removal of what was trimmed", () => {
  it("may be repeated, and done after a part of it was", async () => {
    const path = "removal/repeated";
    const offsets = await spread(path);
    const id = await idOf(path);
    await inStream(path, async (stream) => {
      stream.deps.journal.addTask({ kind: "trim", streamId: id }, 0);
      stream.refreshTasks();
    });
    await trim(path, offsets[2] ?? "");
    // The objects are gone and the rows are not: that is where a crash may fall.
    const { objects } = await env.SEGMENTS.list({ prefix: `segments/${id}/` });
    await env.SEGMENTS.delete(objects.map(({ key }) => key));
    await restart(path);
    expect(await textOf(path)).toBe("d.e.f.");
    expect(await settle([path])).toBe(0);
    expect(await held(path)).toEqual({ blocks: 1, segments: 0, objects: 0 });
    await inStream(path, (stream) => removeTrimmed(stream, id));
    expect(await held(path)).toEqual({ blocks: 1, segments: 0, objects: 0 });
    expect(await textOf(path)).toBe("d.e.f.");
  });

  it("leaves what a compaction at the same time moves, and compaction goes on", async () => {
    const path = "removal/compaction";
    const offsets = await spread(path);
    const { settings } = await inStream(path, ({ deps }) => deps);
    const compacting = inStream(path, async (stream) => {
      await runFlush(stream);
      Object.assign(settings, { segmentBytes: 1 });
      const running = runCompaction(stream);
      stream.trim({ seq: 3, byte: 6 });
      await running;
    });
    await compacting;
    expect(await settle([path])).toBe(0);
    expect(await trimmedRows(path)).toBe(0);
    expect(await textOf(path)).toBe("d.e.f.");
    expect(await earliest(path)).toBe(offsets[2]);
    await post(path, TEXT, "g.");
    await compact(path, 1);
    expect(await held(path)).toMatchObject({ blocks: 0 });
    await restart(path);
    expect(await textOf(path)).toBe("d.e.f.g.");
  });
});

describe("a trimmed stream with forks (§4.2)", () => {
  it("keeps what its forks read until the last of them is gone", async () => {
    const paths = ["forks/source", "forks/early", "forks/late"];
    const [source = "", early = "", late = ""] = paths;
    const offsets = await spread(source);
    expect((await fork(early, source, { "Stream-Fork-Offset": offsets[3] ?? "" })).status).toBe(
      201,
    );
    await trim(source, offsets[0] ?? "");
    expect((await fork(late, source, { "Stream-Fork-Offset": offsets[3] ?? "" })).status).toBe(201);
    await trim(source, offsets[4] ?? "");
    expect(await settle(paths)).toBe(0);
    for (const path of paths) await restart(path);
    expect(await textOf(source)).toBe("f.");
    expect(await textOf(early)).toBe("a.b.c.d.");
    expect(await textOf(late)).toBe("b.c.d.");
    expect(await held(source)).toMatchObject({ segments: 2, objects: 2 });
    const repeated = { "Stream-Fork-Offset": "0000000000000000_0000000000000000" };
    expect((await fork("forks/none", source, { ...repeated })).status).toBe(201);
    expect(await textOf("forks/none")).toBe("");

    await ask(early, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    expect(await held(source)).toMatchObject({ segments: 1, objects: 1 });
    expect(await textOf(late)).toBe("b.c.d.");
    await ask(late, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    await flush(source);
    expect(await held(source)).toMatchObject({ segments: 0, objects: 0 });
    expect(await trimmedRows(source)).toBe(0);
    expect(await textOf(source)).toBe("f.");
  });

  it("compacts what they read together with its own", async () => {
    const [source, other] = ["cold/source", "cold/fork"];
    const offsets = await spread(source);
    await fork(other, source);
    await trim(source, offsets[4] ?? "");
    await compact(source, 1);
    expect(await settle([source])).toBe(0);
    expect(await held(source)).toMatchObject({ blocks: 0 });
    await restart(other);
    await restart(source);
    expect([await textOf(other), await textOf(source)]).toEqual(["a.b.c.d.e.f.", "f."]);
  });

  it("and a fork is trimmed by itself, through what it inherited into its own", async () => {
    const paths = ["own/source", "own/fork", "own/deep"];
    const [source = "", middle = "", deep = ""] = paths;
    const offsets = await spread(source);
    await fork(middle, source);
    const first = nextOffset(await post(middle, TEXT, "x."));
    await post(middle, TEXT, "y.");
    await fork(deep, middle);
    await flush(middle);
    expect((await trim(middle, offsets[1] ?? "")).status).toBe(204);
    expect(await textOf(middle)).toBe("c.d.e.f.x.y.");
    expect((await trim(middle, first)).status).toBe(204);
    expect(await settle(paths)).toBe(0);
    for (const path of paths) await restart(path);
    expect(await textOf(source)).toBe("a.b.c.d.e.f.");
    expect(await textOf(middle)).toBe("y.");
    expect(await textOf(deep)).toBe("a.b.c.d.e.f.x.y.");
    // The same request finds the fork that it made, though that begins elsewhere now.
    expect((await fork(middle, source)).status).toBe(200);

    await ask(source, { method: "DELETE" });
    await ask(middle, { method: "DELETE" });
    expect(await textOf(deep)).toBe("a.b.c.d.e.f.x.y.");
    const ids = await Promise.all(paths.map(idOf));
    await ask(deep, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    for (const id of ids) {
      expect(await heldUnder(id)).toEqual({ blocks: 0, segments: 0, objects: 0 });
    }
  });

  it("whose edges are from before there were trims keeps everything", async () => {
    const [source, other] = ["old/source", "old/fork"];
    const offsets = await spread(source);
    await fork(other, source);
    await inStream(source, (_, { storage }) => {
      const [edge] = storage.sql.exec("SELECT fork_id, fork_path FROM edges").toArray();
      storage.sql.exec("DROP TABLE edges");
      storage.sql.exec(
        "CREATE TABLE edges (fork_id TEXT PRIMARY KEY, fork_path TEXT NOT NULL) WITHOUT ROWID",
      );
      storage.sql.exec(
        "INSERT INTO edges VALUES (?, ?)",
        edge?.["fork_id"] ?? "",
        edge?.["fork_path"] ?? "",
      );
    });
    await restart(source);
    await trim(source, offsets[5] ?? "");
    expect(await settle([source])).toBe(0);
    await restart(other);
    expect(await textOf(other)).toBe("a.b.c.d.e.f.");
    expect(await textOf(source)).toBe("");
  });
});

describe("what a crash may leave", () => {
  const LATE = 61_000;

  async function isThere(key: string): Promise<boolean> {
    return (await env.SEGMENTS.head(key)) !== null;
  }

  it("is an object without a row, which is removed, and never one with a row", async () => {
    const path = "orphan/compaction";
    await put(path, TEXT, "bytes");
    await flush(path);
    const id = await idOf(path);
    const key = await inStream(path, async ({ deps, slot }) => {
      if (slot.kind === "absent") throw new Error("no stream");
      const [chunk] = await deps.log.read(id, slot.record.base, "text", 100);
      if (chunk === undefined) throw new Error("no block");
      const longer = { ...chunk, payload: new Uint8Array(9), ends: [9] };
      for (const part of [chunk, longer]) {
        deps.journal.addTask(
          { kind: "sweep", streamId: id, key: deps.segments.keyOf(id, [part]) },
          Date.now() + LATE,
        );
        await deps.segments.put(id, [part]);
      }
      return deps.segments.keyOf(id, [longer]);
    });
    // The object dies here, and what comes after it makes the shorter one.
    await restart(path);
    await compact(path);
    expect(await held(path)).toEqual({ blocks: 0, segments: 1, objects: 2 });
    await wake(path);
    expect(await isThere(key)).toBe(true);
    await shiftClock(path, 2 * LATE);
    await wake(path);
    expect(await isThere(key)).toBe(false);
    expect(await held(path)).toEqual({ blocks: 0, segments: 1, objects: 1 });
    await restart(path);
    expect(await textOf(path)).toBe("bytes");
  });

  it("is a segment that comes after it was trimmed", async () => {
    const path = "orphan/late";
    await put(path, TEXT, "old.");
    await flush(path);
    const id = await idOf(path);
    const chunks = await inStream(path, async ({ deps, slot }) => {
      if (slot.kind === "absent") throw new Error("no stream");
      const [chunk] = await deps.log.read(id, slot.record.base, "text", 100);
      if (chunk === undefined) throw new Error("no block");
      const key = deps.segments.keyOf(id, [chunk]);
      deps.journal.addTask({ kind: "sweep", streamId: id, key }, Date.now() + LATE);
      return [chunk] as const;
    });
    await restart(path);
    await trim(path, "now");
    expect(await settle([path])).toBe(0);
    await inStream(path, async ({ deps }) =>
      deps.log.replaceBySegment(id, await deps.segments.put(id, chunks)),
    );
    expect(await held(path)).toEqual({ blocks: 0, segments: 1, objects: 1 });
    await shiftClock(path, 2 * LATE);
    await wake(path);
    expect(await held(path)).toEqual({ blocks: 0, segments: 0, objects: 0 });
  });

  it("is noted before the object is put, and the note goes when a row names it", async () => {
    const path = "orphan/intent";
    await put(path, TEXT, "bytes");
    await flush(path);
    const noted: number[] = [];
    await inStream(path, async (stream) => {
      const { journal, segments } = stream.deps;
      const store = segments.put.bind(segments);
      Object.assign(segments, {
        put: (...args: Parameters<typeof store>) => {
          noted.push(journal.tasks().length);
          return store(...args);
        },
      });
      Object.assign(stream.deps.settings, { segmentBytes: 1 });
      await runCompaction(stream);
      noted.push(journal.tasks().length);
    });
    expect(noted).toEqual([1, 0]);
  });

  it("is a block or a segment that comes after its stream was erased", async () => {
    const path = "orphan/erased";
    await put(path, TEXT, "bytes");
    const { record, chunk } = await inStream(path, ({ slot, deps }) => {
      if (slot.kind === "absent") throw new Error("no stream");
      const [first] = deps.journal.read(slot.record.base, "text", 100);
      if (first === undefined) throw new Error("no frame");
      return { record: slot.record, chunk: first };
    });
    await ask(path, { method: "DELETE" });
    expect(await settle([path])).toBe(0);
    await inStream(path, async ({ deps }) => {
      await deps.log.insert(record, [chunk]);
      await deps.log.replaceBySegment(record.id, await deps.segments.put(record.id, [chunk]));
      await deps.log.insert(record, [chunk]);
    });
    expect(await heldUnder(record.id)).toEqual({ blocks: 1, segments: 1, objects: 1 });
    await shiftClock(path, LATE);
    await wake(path);
    expect(await heldUnder(record.id)).toEqual({ blocks: 0, segments: 0, objects: 0 });
    expect(await inStream(path, (stream) => stream.nextDueMs())).toBeUndefined();
  });
});
