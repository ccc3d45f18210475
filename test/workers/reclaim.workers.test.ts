/** What nobody reads any more goes, whatever crashes or happens at the same time. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { onAlarm } from "#engine/alarm.ts";
import { runCompaction, runFlush } from "#engine/flush.ts";
import { LATE_MS, removeTrimmed } from "#engine/reclaim.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  post,
  put,
  restart,
  settle,
  shiftClock,
  trimmedRows,
  tuneStreams,
  wake,
} from "./harness.ts";
import { TEXT, textOf, trim, earliest, idOf, heldUnder, held, spread } from "./stored.ts";

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

  it("goes on to where the stream was trimmed meanwhile", async () => {
    const path = "removal/further";
    const offsets = await spread(path);
    const trims = await inStream(path, async (stream) => {
      const { segments } = stream.deps;
      const remove = segments.remove.bind(segments);
      let further = 0;
      Object.assign(segments, {
        remove: (keys: readonly string[]) => {
          Object.assign(segments, { remove });
          stream.trim({ seq: 5, byte: 10 });
          further += 1;
          return remove(keys);
        },
      });
      stream.trim({ seq: 1, byte: 2 });
      await onAlarm(stream);
      return further;
    });
    expect(trims).toBe(1);
    expect(await settle([path])).toBe(0);
    expect(await held(path)).toEqual({ blocks: 0, segments: 0, objects: 0 });
    expect(await earliest(path)).toBe(offsets[4]);
    expect(await textOf(path)).toBe("f.");
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

  it("is looked for a minute after the last request of its compaction", async () => {
    const path = "orphan/slow";
    await put(path, TEXT, "bytes");
    await flush(path);
    const lefts = await inStream(path, async (stream) => {
      const { deps } = stream;
      const { log, segments, journal } = deps;
      const putSegment = segments.put.bind(segments);
      const replace = log.replaceBySegment.bind(log);
      const found: number[] = [];
      Object.assign(segments, {
        put: (...args: Parameters<typeof putSegment>) => {
          // R2 takes its time.
          const later = deps.now() + LATE / 2;
          Object.assign(deps, { now: () => later });
          return putSegment(...args);
        },
      });
      Object.assign(log, {
        replaceBySegment: (...args: Parameters<typeof replace>) => {
          for (const { dueMs } of journal.tasks()) found.push(dueMs - deps.now());
          return replace(...args);
        },
      });
      Object.assign(deps.settings, { segmentBytes: 1 });
      await runCompaction(stream);
      return found;
    });
    expect(lefts).toEqual([LATE_MS]);
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
