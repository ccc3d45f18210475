/** Retention: what is too much or too old goes within a minute, in every tier, and never more than that. */

import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { RETENTION_STEP_MS } from "#engine/retention-clock.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  readAll,
  readBytes,
  restart,
  settle,
  shiftClock,
  trimmedRows,
  tuneStreams,
  wake,
} from "./harness.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

type Bounds = Partial<Record<"Messages" | "Bytes" | "Seconds", number>>;

function create(path: string, bounds: Bounds, headers: Record<string, string> = {}) {
  const retention = Object.entries(bounds).map(([name, n]) => [
    `Stream-Retention-${name}`,
    String(n),
  ]);
  return ask(path, {
    method: "PUT",
    headers: { "Content-Type": TEXT, ...Object.fromEntries(retention), ...headers },
  });
}

const textOf = async (path: string) => new TextDecoder().decode(await readBytes(path));

/** Comes back to a stream after a while, as its alarm does. */
async function wakeAfter(path: string, ms: number): Promise<void> {
  await shiftClock(path, ms);
  await wake(path);
  await wake(path);
}

function ages(path: string): Promise<number> {
  return inStream(path, (_, { storage }) => {
    const [table] = storage.sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'ages'").toArray();
    if (table === undefined) return 0;
    return storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM ages").one().n;
  });
}

const nextDueMs = (path: string) => inStream(path, (stream) => stream.nextDueMs());

const TIERS = [
  ["memory", async () => undefined],
  ["the journal", restart],
  [
    "D1",
    async (path: string) => {
      await flush(path);
      await restart(path);
    },
  ],
  [
    "R2",
    async (path: string) => {
      await compact(path, 5);
      await compact(path);
      await restart(path);
    },
  ],
] as const;

describe.each(TIERS)("a bounded stream in %s", (tier, move) => {
  it.each([
    [{ Messages: 3 }, "6.7.8."],
    [{ Messages: 8 }, "1.2.3.4.5.6.7.8."],
    [{ Bytes: 6 }, "6.7.8."],
    // Whole messages only: five bytes are two of them.
    [{ Bytes: 5 }, "7.8."],
    // The newest stays.
    [{ Bytes: 1 }, "8."],
    [{ Messages: 4, Bytes: 5, Seconds: 3_600 }, "7.8."],
  ])("keeps with %j just %s", async (bounds, kept) => {
    const path = `bounded/${tier}/${JSON.stringify(bounds)}`;
    await create(path, bounds);
    for (let i = 1; i <= 8; i++) await post(path, TEXT, `${i}.`);
    expect(await textOf(path)).toBe("1.2.3.4.5.6.7.8.");
    // One that was restarted is trimmed by its own alarm as soon as it is asked for anything.
    await move(path);
    await wakeAfter(path, RETENTION_STEP_MS);
    expect(await textOf(path)).toBe(kept);
    expect(await settle([path])).toBe(0);
    expect(await trimmedRows(path)).toBe(0);
    await restart(path);
    expect(await textOf(path)).toBe(kept);
  });
});

describe("retention", () => {
  it("counts JSON messages, in batches as well, and bytes without what stands between them", async () => {
    const path = "retention/json";
    await create(path, { Messages: 3 }, { "Content-Type": JSON_TYPE });
    await post(path, JSON_TYPE, "[1,2]");
    await post(path, JSON_TYPE, "[3,4,5]");
    await compact(path);
    await post(path, JSON_TYPE, "[6,7]");
    await wakeAfter(path, RETENTION_STEP_MS);
    const bodies = (await readAll(path)).map((body) => new TextDecoder().decode(body));
    expect(bodies.flatMap((body) => JSON.parse(body) as number[])).toEqual([5, 6, 7]);
  });

  it("drops by age within the step, idle or not, and sleeps when nothing is left", async () => {
    const path = "retention/age";
    await create(path, { Seconds: 100 });
    await post(path, TEXT, "first.");
    await wakeAfter(path, RETENTION_STEP_MS);
    await post(path, TEXT, "second.");
    await wakeAfter(path, 2 * RETENTION_STEP_MS);
    await flush(path);
    expect(await ages(path)).toBe(2);
    // Nothing else is due than the oldest note.
    const dueMs = (await nextDueMs(path)) ?? 0;
    expect(dueMs - Date.now()).toBeGreaterThan(RETENTION_STEP_MS + 90_000);
    expect(dueMs - Date.now()).toBeLessThanOrEqual(RETENTION_STEP_MS + 100_000);
    await wakeAfter(path, 95_000);
    expect(await textOf(path)).toBe("first.second.");
    await wakeAfter(path, RETENTION_STEP_MS + 100_000);
    expect(await textOf(path)).toBe("second.");
    await restart(path);
    expect(await textOf(path)).toBe("second.");
    await wakeAfter(path, 2 * RETENTION_STEP_MS + 100_000);
    expect(await textOf(path)).toBe("");
    expect(await settle([path])).toBe(0);
    expect([await ages(path), await nextDueMs(path)]).toEqual([0, undefined]);
    const id = await inStream(path, ({ slot }) => (slot.kind === "present" ? slot.record.id : ""));
    const blocks = env.DB.prepare("SELECT count(*) AS n FROM blocks WHERE stream_id = ?").bind(id);
    expect(await blocks.first<number>("n")).toBe(0);
  });

  it("arms the object's alarm with the first append that may have to go", async () => {
    const path = "retention/alarm";
    const alarm = () => inStream(path, (_, { storage }) => storage.getAlarm());
    await create(path, { Seconds: 100 });
    const waitMs = async () => ((await alarm()) ?? Infinity) - Date.now();
    // The one of the flush, which brings the stream into the catalogue.
    expect(await waitMs()).toBeGreaterThan(RETENTION_STEP_MS);
    await post(path, TEXT, "x");
    expect(await waitMs()).toBeLessThanOrEqual(RETENTION_STEP_MS);
  });

  it("notes no age with an append, and none in a stream without a bound of age", async () => {
    for (const [path, bounds] of [
      ["retention/notes", { Seconds: 3_600 }],
      ["retention/no-notes", { Messages: 5 }],
    ] as const) {
      await create(path, bounds);
      for (let i = 0; i < 20; i++) await post(path, TEXT, "x");
      expect(await ages(path)).toBe(0);
      await wakeAfter(path, RETENTION_STEP_MS);
      expect(await ages(path)).toBe("Seconds" in bounds ? 1 : 0);
    }
  });

  it("is enforced at once by an object that finds it overstepped", async () => {
    const path = "retention/restart";
    await create(path, { Messages: 1 });
    for (const body of ["a", "b", "c"]) await post(path, TEXT, body);
    await restart(path);
    // The alarm comes by itself: one that is delivered finds it at work, and does not wait for it.
    await vi.waitUntil(async () => (await textOf(path)) === "c", {
      timeout: RETENTION_STEP_MS - 5_000,
    });
  });

  it("is not inherited by a fork, and takes nothing from one", async () => {
    const [source, free, bounded] = ["inherit/source", "inherit/free", "inherit/bounded"];
    await create(source, { Messages: 2 });
    for (const body of ["a", "b", "c", "d"]) await post(source, TEXT, body);
    const from = { "Stream-Forked-From": `/v1/stream/${source}` };
    await create(free, {}, from);
    const made = await create(bounded, { Messages: 3 }, from);
    expect(made.headers.get("Stream-Retention-Messages")).toBe("3");
    for (const path of [source, free, bounded]) await wakeAfter(path, RETENTION_STEP_MS);
    expect(await settle([source, free, bounded])).toBe(0);
    expect(await textOf(source)).toBe("cd");
    expect(await textOf(free)).toBe("abcd");
    // Overstepped from the beginning: what the fork inherits counts.
    expect(await textOf(bounded)).toBe("bcd");
    await post(bounded, TEXT, "e");
    await wakeAfter(bounded, 3 * RETENTION_STEP_MS);
    expect(await textOf(bounded)).toBe("cde");
    expect((await ask(free, { method: "HEAD" })).headers.get("Stream-Retention-Messages")).toBe(
      null,
    );
  });

  it("ends with its stream: a deleted one that forks read is kept as it is", async () => {
    const [source, other] = ["gone/source", "gone/fork"];
    await create(source, { Messages: 1 });
    for (const body of ["a", "b"]) await post(source, TEXT, body);
    await create(other, {}, { "Stream-Forked-From": `/v1/stream/${source}` });
    await ask(source, { method: "DELETE" });
    await wakeAfter(source, RETENTION_STEP_MS);
    await restart(source);
    await wakeAfter(source, RETENTION_STEP_MS);
    expect(await textOf(other)).toBe("ab");
  });

  it("finds the same first message wherever the messages lie", async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 2, arbitrary: fc.constantFrom(flush, compact, restart, wake) },
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 120 }),
        fc.array(step, { minLength: 4, maxLength: 25 }),
        async (messages, bytes, steps) => {
          const path = `any/${runs++}`;
          await create(path, { Messages: messages, Bytes: bytes });
          const bodies: string[] = [];
          for (const next of steps) {
            if (typeof next === "number") {
              bodies.push(String.fromCharCode(97 + (bodies.length % 26)).repeat(next));
              await post(path, TEXT, bodies.at(-1) ?? "");
            } else await next(path);
          }
          await wakeAfter(path, RETENTION_STEP_MS);
          const kept: string[] = [];
          let room = bytes;
          for (const body of bodies.toReversed()) {
            room -= body.length;
            if (kept.length === messages || (kept.length > 0 && room < 0)) break;
            kept.unshift(body);
          }
          expect(await textOf(path)).toBe(kept.join(""));
          expect(await settle([path])).toBe(0);
          expect(await trimmedRows(path)).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);

  it("is overstepped by nobody for ever: a message that is too large alone does not wake its object", async () => {
    const path = "retention/large";
    await create(path, { Bytes: 2 });
    await post(path, TEXT, "too large");
    await flush(path);
    await wakeAfter(path, RETENTION_STEP_MS);
    expect(await nextDueMs(path)).toBeUndefined();
    await restart(path);
    expect(await nextDueMs(path)).toBeUndefined();
    expect(nextOffset(await ask(path, { method: "HEAD" }))).toContain("_0000000000000009");
  });
});
