/** The kit inside an object: tables follow the stream, a replay gives the same ones, and nothing is left half done. */

import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command } from "#features/command.ts";
import type { Feature } from "#features/feature.ts";
import { FeatureHost } from "#features/host.ts";
import { streamPath } from "#features/streams.ts";
import type { Stream } from "#engine/stream.ts";
import { ask, compact, flush, inStream, readAll, restart } from "./harness.ts";
import { add, KEPT, list, ring } from "./ring.ts";

type Step =
  | { readonly kind: "add"; readonly text: string; readonly livesMs: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "flush" }
  | { readonly kind: "compact" }
  | { readonly kind: "restart" };

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("add" as const),
        text: fc.string({ unit: "grapheme", maxLength: 20 }),
        livesMs: fc.integer({ min: 1, max: 5_000 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        ms: fc.integer({ min: 1, max: 3_000 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("flush" as const, "compact" as const, "restart" as const),
      }),
    },
  ),
  { minLength: 1, maxLength: 25 },
);

let paths = 0;
const freshPath = () => `ring/${(paths += 1)}`;

/** Time as the tests have it: further than the clock, never before it. */
let aheadMs = 0;

async function inHost<T>(
  path: string,
  run: (host: FeatureHost, stream: Stream, sql: SqlStorage) => Promise<T>,
  feature: Feature = ring,
): Promise<T> {
  return inStream(path, (stream, { storage: { sql } }) => {
    Object.assign(stream.deps, { now: () => Date.now() + aheadMs });
    return run(new FeatureHost({ feature, path: streamPath(path), stream, sql }), stream, sql);
  });
}

function send<I>(host: FeatureHost, path: string, command: Command<I>, input: I) {
  const request = { path, command: command.name, input: JSON.stringify(input), key: undefined };
  return host.runCommand(request);
}

async function perform(path: string, step: Step): Promise<void> {
  if (step.kind === "flush") return flush(path);
  if (step.kind === "compact") return compact(path);
  if (step.kind === "restart") return restart(path);
  if (step.kind === "add") {
    const input = { text: step.text, livesMs: step.livesMs };
    const reply = await inHost(path, (host) => send(host, path, add, input));
    expect(reply.ok).toBe(true);
    return;
  }
  aheadMs += step.ms;
  await inHost(path, async (host, stream) => {
    while ((stream.timerDueMs ?? Infinity) <= stream.deps.now()) await host.onAlarm();
  });
}

function dump(sql: SqlStorage): unknown {
  return sql.exec("SELECT * FROM ring_items ORDER BY seq").toArray();
}

describe("the tables of a feature", () => {
  it("are the same after a replay, whatever commands, trims, timers and restarts came before", async () => {
    await fc.assert(
      fc.asyncProperty(STEPS, async (steps) => {
        const path = freshPath();
        const added = steps.filter((step) => step.kind === "add");
        for (const step of steps) await perform(path, step);
        if (added.length === 0) return;
        await inHost(path, async (host, stream, sql) => {
          const live = dump(sql);
          const kept = added.slice(-KEPT).map(({ text }) => text);
          expect((live as { text: string }[]).map(({ text }) => text)).toEqual(kept);
          const due = stream.timerDueMs;
          expect((await host.rebuild()).ok).toBe(true);
          expect(dump(sql)).toEqual(live);
          expect(stream.timerDueMs).toBe(due);
          // A reader sees the events that the tables are made of, and no earlier ones.
          const [first] = await readAll(path);
          const events = JSON.parse(new TextDecoder().decode(first)) as { text?: string }[];
          expect(events[0]?.text).toBe(kept[0]);
        });
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it("would show a difference: the same comparison sees one row that was changed", async () => {
    const path = freshPath();
    await inHost(path, async (host, _stream, sql) => {
      await send(host, path, add, { text: "a", livesMs: 1_000 });
      const live = dump(sql);
      sql.exec("UPDATE ring_items SET text = 'b'");
      expect(dump(sql)).not.toEqual(live);
      await host.rebuild();
      expect(dump(sql)).toEqual(live);
    });
  });

  it("are made anew when the feature has another version, before anything is answered from them", async () => {
    const path = freshPath();
    await inHost(path, async (host) => {
      for (const text of ["a", "b"]) await send(host, path, add, { text, livesMs: 1_000 });
    });
    await compact(path);
    await restart(path);
    const next: typeof ring = {
      ...ring,
      version: 2,
      project: (event, at, tables) =>
        ring.project(event.type === "ring.added" ? { ...event, text: "new" } : event, at, tables),
    };
    await inHost(
      path,
      async (host) => {
        const reply = await host.runQuery({ path, query: list.name, input: "null" });
        expect(reply.ok && JSON.parse(reply.answer)).toMatchObject([
          { text: "new" },
          { text: "new" },
        ]);
      },
      next,
    );
  });

  it("are replayed to the end although the object stopped in the middle", async () => {
    const path = freshPath();
    await inHost(path, async (host, _stream, sql) => {
      for (const text of ["a", "b", "c"]) await send(host, path, add, { text, livesMs: 1_000 });
      const live = dump(sql);
      // What is stored when the object stops after the first event.
      const [first] = sql.exec<{ seq: number; byte: number }>("SELECT * FROM ring_items").toArray();
      const [second] = sql
        .exec<{ seq: number; byte: number }>("SELECT * FROM ring_items WHERE text = 'b'")
        .toArray();
      expect(first?.byte).toBe(0);
      sql.exec("DELETE FROM ring_items WHERE text <> 'a'");
      sql.exec("UPDATE projection SET seq = ?, byte = ?", second?.seq, second?.byte);
      await inHost(path, async (again) => {
        await again.runQuery({ path, query: list.name, input: "null" });
      });
      expect(dump(sql)).toEqual(live);
    });
  });

  it("are left out of a stream that no command has made", async () => {
    const path = freshPath();
    await inHost(path, async (host, _stream, sql) => {
      const reply = await host.runQuery({ path, query: list.name, input: "null" });
      expect(reply).toEqual({ ok: true, answer: "[]" });
      const tables = sql.exec("SELECT name FROM sqlite_schema WHERE name LIKE 'ring_%'").toArray();
      expect(tables).toEqual([]);
    });
  });
});

describe("a stream that is older than its feature", () => {
  const before = async (path: string, type: string, body: string, headers = {}) => {
    const init = { method: "PUT", headers: { "Content-Type": type, ...headers }, body };
    expect((await ask(path, init)).status).toBe(201);
  };
  const item = { text: "a", livesMs: 1_000 };

  it("is replayed: what is no event of the feature is passed over", async () => {
    const path = freshPath();
    const old = { type: "ring.added", text: "old", endMs: 5e12 };
    const foreign = [1, null, "x", [2], {}, { type: 3 }, { type: "else" }, old];
    await before(path, "application/json", JSON.stringify(foreign));
    await inHost(path, async (host, _stream, sql) => {
      expect((await send(host, path, add, item)).ok).toBe(true);
      expect(dump(sql)).toMatchObject([
        { text: "old", seq: 7 },
        { text: "a", seq: 8 },
      ]);
    });
  });

  it.each([
    ["text", "text/plain", "x", {}, "content_type_mismatch"],
    ["closed", "application/json", "[]", { "Stream-Closed": "true" }, "stream_closed"],
  ])("refuses commands when it is %s", async (_what, type, body, headers, code) => {
    const path = freshPath();
    await before(path, type, body, headers);
    await inHost(path, async (host) => {
      const refused = await send(host, path, add, item);
      expect(refused).toMatchObject({ ok: false, refusal: { status: 409, code } });
    });
  });
});

describe("a trim", () => {
  it("moves the first position that can be read, together with the append", async () => {
    const path = freshPath();
    const tails: string[] = [];
    for (const text of ["a", "b", "c", "d"]) {
      await inHost(path, (host) => send(host, path, add, { text, livesMs: 100_000 }));
      const { headers } = await ask(path, { method: "HEAD" });
      tails.push(headers.get("Stream-Next-Offset") ?? "");
    }
    const gone = await ask(path, {}, "?offset=0000000000000000_0000000000000001");
    expect(gone.status).toBe(410);
    expect(gone.headers.get("Stream-Earliest-Offset")).toBe(tails[0]);
  });
});

describe("a command while D1 takes nothing and the journal is full", () => {
  const rename = (from: string, to: string) =>
    env.DB.prepare(`ALTER TABLE ${from} RENAME TO ${to}`).run();

  it("is refused, leaves nothing, and goes on when D1 is back", async () => {
    const path = freshPath();
    const item = { text: "x".repeat(100), livesMs: 1_000_000 };
    await inHost(path, async (host, stream, sql) => {
      Object.assign(stream.deps.settings, { journalBytesMax: 200 });
      await rename("blocks", "blocks_away");
      expect((await send(host, path, add, item)).ok).toBe(true);
      expect((await send(host, path, add, item)).ok).toBe(true);
      const live = dump(sql);
      const refused = await send(host, path, add, item);
      expect(refused).toMatchObject({
        ok: false,
        refusal: { status: 503, code: "journal_full", headers: { "Retry-After": "5" } },
      });
      expect(dump(sql)).toEqual(live);
      await rename("blocks_away", "blocks");
      await Promise.allSettled([stream.flushing]);
      expect((await send(host, path, add, item)).ok).toBe(true);
    });
  });
});

describe("a command that fails", () => {
  it("leaves neither event nor row nor a word that the object goes on from", async () => {
    const path = freshPath();
    const broken: typeof ring = {
      ...ring,
      project(event, at, tables) {
        ring.project(event, at, tables);
        if (event.type === "ring.added" && event.text === "bad") throw new Error("A bug.");
      },
    };
    await inHost(
      path,
      async (host, _stream, sql) => {
        const failing = send(host, path, add, { text: "bad", livesMs: 1_000 });
        await expect(failing).rejects.toThrow("A bug.");
        expect((await ask(path)).status).toBe(404);
        await send(host, path, add, { text: "good", livesMs: 1_000 });
        await expect(send(host, path, add, { text: "bad", livesMs: 1_000 })).rejects.toThrow(
          "A bug.",
        );
        await send(host, path, add, { text: "better", livesMs: 1_000 });
        expect(dump(sql)).toMatchObject([{ text: "good" }, { text: "better" }]);
      },
      broken,
    );
    const events = JSON.parse(new TextDecoder().decode((await readAll(path))[0])) as unknown[];
    expect(events).toHaveLength(2);
  });

  it("is one that writes in its decision: a view only reads", async () => {
    const path = freshPath();
    const writing: Command<null, null> = {
      name: "write",
      decide(_, view) {
        view.rows("INSERT INTO ring_items VALUES (1, 1, 'x', 1, 0) RETURNING seq");
        return { ok: true, events: [], answer: null };
      },
    };
    await inHost(
      path,
      async (host, _stream, sql) => {
        await send(host, path, add, { text: "a", livesMs: 1_000 });
        const live = dump(sql);
        await expect(send(host, path, writing, null)).rejects.toThrow("A view does not write");
        expect(dump(sql)).toEqual(live);
      },
      { ...ring, commands: [add, writing] },
    );
  });
});
