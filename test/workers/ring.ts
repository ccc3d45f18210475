/** A feature for the tests of the kit: the newest items of a stream, which is trimmed, and which end by a timer. */

import * as v from "valibot";
import type { Command, Query } from "#features/command.ts";
import type { Feature } from "#features/feature.ts";
import { reply, route } from "#features/route.ts";
import type { Position } from "#protocol/offset.ts";

export const KEPT = 3;

type RingEvent =
  | { readonly type: "ring.added"; readonly text: string; readonly endMs: number }
  | { readonly type: "ring.ended"; readonly seq: number };

type Item = { seq: number; byte: number; text: string; end_ms: number; ended: number };

export const add: Command<{ text: string; livesMs: number }, { items: number }, RingEvent> = {
  name: "add",
  decide({ text, livesMs }, view, { nowMs }) {
    const items = view.rows<Item>("SELECT * FROM ring_items ORDER BY seq DESC LIMIT ?", KEPT);
    const [oldest] = items.slice(KEPT - 2);
    const trims = items.length === KEPT && oldest !== undefined;
    return {
      ok: true,
      events: [{ type: "ring.added", text, endMs: nowMs + livesMs }],
      answer: { items: Math.min(KEPT, items.length + 1) },
      ...(trims ? { trimBefore: { seq: oldest.seq, byte: oldest.byte } } : {}),
    };
  },
};

export const list: Query<null, readonly Item[]> = {
  name: "list",
  answer: (_, view) => view.rows<Item>("SELECT * FROM ring_items ORDER BY seq"),
};

const NEXT = "SELECT seq, end_ms FROM ring_items WHERE ended = 0 ORDER BY end_ms, seq LIMIT 1";

export const ring: Feature<unknown, RingEvent> = {
  name: "ring",
  version: 1,
  tables: {
    ring_items: `CREATE TABLE ring_items
        (seq INTEGER PRIMARY KEY, byte INTEGER, text TEXT, end_ms INTEGER, ended INTEGER);
      CREATE INDEX ring_items_end ON ring_items (ended, end_ms)`,
  },
  commands: [add],
  queries: [list],
  timer: {
    dueMs: (view) => view.rows<Item>(NEXT)[0]?.end_ms,
    decide(view) {
      const events = view.rows<Item>(NEXT).map(({ seq }) => ({ type: "ring.ended", seq }) as const);
      return { ok: true, events, answer: null };
    },
  },
  project(event, at: Position, tables) {
    if (event.type === "ring.added") {
      const { text, endMs } = event;
      tables.run("INSERT INTO ring_items VALUES (?, ?, ?, ?, 0)", at.seq, at.byte, text, endMs);
    } else if (event.type === "ring.ended") {
      tables.run("UPDATE ring_items SET ended = 1 WHERE seq = ?", event.seq);
    }
  },
  forget: (before, tables) => tables.run("DELETE FROM ring_items WHERE seq < ?", before.seq),
  commandRoute: "POST /api/rings",
  routes: () => [
    route({
      method: "POST",
      path: "/api/rings",
      summary: "Adds an item.",
      body: v.strictObject({ text: v.string(), livesMs: v.number() }),
      answers: { 200: { description: "How many items there are." } },
      run: async ({ body, streams }) => reply(200, await streams.send(add, "ring/main", body)),
    }),
    route({
      method: "GET",
      path: "/api/rings",
      summary: "Lists the items.",
      answers: { 200: { description: "The items." } },
      run: async ({ streams }) => reply(200, await streams.query(list, "ring/main", null)),
    }),
  ],
};
