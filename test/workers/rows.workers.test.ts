/**
 * What users pay for: rows written, as the databases themselves count them. The object's and D1's are added up, with
 * every flush, clean-up and alarm; setting the alarm is a row too.
 */

import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { tuneStreams } from "./harness.ts";

const BASE = "http://headwater.test/v1/stream/";
const APPENDS = 1_000;
const DURATION_MS = 10_000;
/** A flush is five seconds away; the rest is for a busy machine. */
const SETTLE_MS_MAX = 30_000;

interface Meter {
  /** Rows since the meter was put in. */
  rows(): number;
  remove(): void;
}

/** Counts at the classes of the runtime, so that nothing that an object or its alarm does goes uncounted. */
async function meter(path: string): Promise<Meter> {
  const stub = env.STREAMS.getByName(path);
  return runInDurableObject(stub, (_, state) => {
    const cursors: { rowsWritten: number }[] = [];
    let alarms = 0;
    let d1Rows = 0;
    const sql = Object.getPrototypeOf(state.storage.sql) as SqlStorage;
    const storage = Object.getPrototypeOf(state.storage) as DurableObjectStorage;
    const d1 = Object.getPrototypeOf(env.DB) as D1Database;
    // oxlint-disable typescript/unbound-method -- each is called with the object that it was taken from
    const { exec } = sql;
    const { setAlarm } = storage;
    const { batch } = d1;
    // oxlint-enable typescript/unbound-method
    sql.exec = function count(this: SqlStorage, ...args: Parameters<typeof exec>) {
      const cursor = exec.apply(this, args);
      cursors.push(cursor);
      return cursor;
    } as typeof exec;
    storage.setAlarm = function count(this: DurableObjectStorage, ...args) {
      alarms += 1;
      return setAlarm.apply(this, args);
    };
    d1.batch = async function count(this: D1Database, statements: D1PreparedStatement[]) {
      const results = await batch.call(this, statements);
      for (const { meta } of results) d1Rows += meta.rows_written;
      return results;
    } as typeof batch;
    return {
      rows: () => alarms + d1Rows + cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0),
      remove() {
        sql.exec = exec;
        storage.setAlarm = setAlarm;
        d1.batch = batch;
      },
    };
  });
}

function send(path: string, init: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(BASE + path, init));
}

async function appendSpread(path: string, headers: (i: number) => Record<string, string>) {
  const startMs = Date.now();
  for (let i = 0; i < APPENDS; i++) {
    const response = await send(path, {
      method: "POST",
      headers: { "Content-Type": "text/plain", ...headers(i) },
      body: "x".repeat(100),
    });
    expect(response.ok).toBe(true);
    const waitMs = startMs + ((i + 1) * DURATION_MS) / APPENDS - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  // The last alarm comes after the last append: its flush and clean-up count as well.
  await vi.waitUntil(() => isQuiet(path), { timeout: SETTLE_MS_MAX, interval: 250 });
}

/** Nothing is left to flush, and no alarm is to come. Nobody writes to see that. */
function isQuiet(path: string): Promise<boolean> {
  return runInDurableObject(env.STREAMS.getByName(path), async (_, { storage }) => {
    const { n } = storage.sql
      .exec<{ n: number }>(
        "SELECT (SELECT count(*) FROM journal_a) + (SELECT count(*) FROM journal_b) AS n",
      )
      .one();
    return n === 0 && (await storage.getAlarm()) === null;
  });
}

describe("rows written per append", () => {
  it.each([
    ["plain", 1.2, () => ({})],
    [
      "with a producer",
      2.2,
      (i: number) => ({ "Producer-Id": "p", "Producer-Epoch": "0", "Producer-Seq": String(i) }),
    ],
  ])(
    "%s: at most %d",
    async (name, rowsMax, headers) => {
      const path = `rows/${name}`;
      await send(path, { method: "PUT", headers: { "Content-Type": "text/plain" } });
      const counted = await meter(path);
      await appendSpread(path, headers);
      const rows = counted.rows() / APPENDS;
      counted.remove();
      console.log(`${name}: ${rows} rows written per append`);
      expect(rows).toBeGreaterThanOrEqual(Math.floor(rowsMax));
      expect(rows).toBeLessThanOrEqual(rowsMax);
    },
    DURATION_MS + SETTLE_MS_MAX + 60_000,
  );
});

describe("rows written by a read", () => {
  // No alarm comes in between: its rows are no read's.
  beforeAll(() => tuneStreams({ flushIntervalMs: 600_000 }));

  it("is none, in every mode", async () => {
    const path = "rows/read";
    await send(path, { method: "PUT", headers: { "Content-Type": "text/plain" }, body: "hello" });
    const counted = await meter(path);
    for (const query of ["", "?offset=-1", "?offset=now", "?offset=-1&live=long-poll"]) {
      await (await send(path + query, { method: "GET" })).text();
    }
    await send(path, { method: "HEAD" });
    const events = await send(`${path}?offset=-1&live=sse`, { method: "GET" });
    const reader = events.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(counted.rows()).toBe(0);
    counted.remove();
  });

  it("would be seen: the same meter counts an append", async () => {
    const path = "rows/control";
    await send(path, { method: "PUT", headers: { "Content-Type": "text/plain" } });
    const counted = await meter(path);
    await send(path, { method: "POST", headers: { "Content-Type": "text/plain" }, body: "x" });
    // The frame. The alarm that will flush it is the one that the PUT has set, to bring the stream into the catalogue.
    expect(counted.rows()).toBe(1);
    counted.remove();
  });
});
