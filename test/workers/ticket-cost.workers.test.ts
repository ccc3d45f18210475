/**
 * What a validation costs in a venue of 100,000 tickets: rows read and written, as the object's database counts them.
 * The figures are in docs/tickets.md.
 */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { openFeatureStreams, type Outcome } from "#features/streams.ts";
import { createCompany } from "#features/tickets/company-commands.ts";
import { checkTicket, readStats } from "#features/tickets/queries.ts";
import {
  activateTicket,
  createTickets,
  validateTicket,
} from "#features/tickets/ticket-commands.ts";
import { flush, restart, stubOf, tuneStreams } from "./harness.ts";

const PATH = "tickets/arena";
const KEY = { keyHash: "hash", salt: "salt" };
const SCANS = 20;

interface Rows {
  readonly read: number;
  readonly written: number;
}

const streams = openFeatureStreams(env.STREAMS);

/** The rows of the object's database that something read and wrote, each time divided by `times`. */
async function count(times: number, run: () => Promise<void>): Promise<Rows> {
  const cursors: { readonly rowsRead: number; readonly rowsWritten: number }[] = [];
  const remove = await runInDurableObject(stubOf(PATH), (_, { storage }) => {
    const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
    // oxlint-disable-next-line typescript/unbound-method -- called with the object that it was taken from
    const { exec } = sql;
    sql.exec = function counted(this: SqlStorage, ...args: Parameters<typeof exec>) {
      const cursor = exec.apply(this, args);
      cursors.push(cursor);
      return cursor;
    } as typeof exec;
    return () => {
      sql.exec = exec;
    };
  });
  await run();
  remove();
  const sum = (one: (cursor: (typeof cursors)[number]) => number) =>
    cursors.reduce((total, cursor) => total + one(cursor), 0) / times;
  return { read: sum((c) => c.rowsRead), written: sum((c) => c.rowsWritten) };
}

async function done<A>(outcome: Promise<Outcome<A>>): Promise<A> {
  const result = await outcome;
  if (!result.ok) throw new Error(result.refusal.message);
  return result.answer;
}

/** Adds tickets until there are so many; answers the codes of the last ones, activated. */
async function grow(from: number, until: number): Promise<string[]> {
  let codes: string[] = [];
  for (let i = from; i < until; i += 100) {
    const input = { ticketType: "adult", quantity: 100, prefix: "ARENA" };
    const { tickets } = await done(streams.send(createTickets, PATH, input));
    codes = tickets.map(({ qrCode }) => qrCode);
  }
  for (const qrCode of codes) {
    await done(streams.send(activateTicket, PATH, { qrCode, keyHash: KEY.keyHash }));
  }
  return codes;
}

function scan(codes: readonly string[], keyed: boolean): Promise<Rows> {
  return count(codes.length, async () => {
    for (const qrCode of codes) {
      const options = keyed ? { key: `scan ${qrCode}` } : {};
      const answer = await done(streams.send(validateTicket, PATH, { qrCode }, options));
      expect(answer.valid).toBe(true);
    }
  });
}

async function measure(codes: readonly string[]) {
  // What a flush writes is the append's, whoever makes it: it is counted in rows.workers.test.ts.
  await flush(PATH);
  // One that was under way has sent what was there when it began.
  await flush(PATH);
  // The first key of a venue makes the table of answers.
  await scan(codes.slice(-1), true);
  const plain = await scan(codes.slice(0, SCANS), false);
  const keyed = await scan(codes.slice(SCANS, 2 * SCANS), true);
  const stats = await count(1, async () => void (await done(streams.query(readStats, PATH, null))));
  await restart(PATH);
  const [qrCode = ""] = codes;
  // The object is asleep: what it takes to wake up is counted as well.
  await runInDurableObject(stubOf(PATH), () => undefined);
  const check = await count(1, async () => {
    await done(streams.query(checkTicket, PATH, { qrCode }));
  });
  return { plain, keyed, stats, check };
}

describe("a validation", () => {
  it("costs the same rows among 100,000 tickets as among 1,000", async () => {
    // Nothing moves by itself while rows are counted: no burst's flush, and no compaction behind one.
    tuneStreams({ flushIntervalMs: 600_000, flushBytes: 1e9, segmentBytes: 1e9 });
    await done(streams.send(createCompany, PATH, { name: "Agency", ...KEY }));
    const few = await measure(await grow(0, 1_000));
    const startMs = performance.now();
    const many = await measure(await grow(1_000, 100_000));
    console.log(`99,000 tickets more took ${Math.round(performance.now() - startMs)} ms`);
    console.log(`among 1,000: ${JSON.stringify(few)}`);
    console.log(`among 100,000: ${JSON.stringify(many)}`);
    expect(many).toEqual(few);
    const stats = await done(streams.query(readStats, PATH, null));
    const rebuiltMs = performance.now();
    const { events } = await done(streams.rebuild(PATH));
    console.log(`to replay ${events} events took ${Math.round(performance.now() - rebuiltMs)} ms`);
    expect(await done(streams.query(readStats, PATH, null))).toEqual(stats);
    expect(many.plain).toEqual({ read: 5, written: 4 });
    expect(many.keyed.written).toBe(6);
  }, 180_000);
});
