/** D1 goes away for a while and comes back: who appended meanwhile, and what became of it. */

import { setTimeout as sleep } from "node:timers/promises";
import { FaultServer } from "./fault-server.ts";
import { readMessages } from "./reading.ts";
import { post, producer, put } from "./requests.ts";
import type { Rule } from "./worker/rule.ts";

const VARIABLES = { FLUSH_BYTES: "1024", FLUSH_INTERVAL_MS: "200", SEGMENT_BYTES: "4096" };
const PATH = "outage";
const FILL = "x".repeat(200);
const PAUSE_MS = 50;
/** Everything has to arrive in this time, once D1 is back. */
const ARRIVAL_MS_MAX = 120_000;
/** A read now and then, while D1 is away. */
const APPENDS_PER_READ = 500;

const AWAY: readonly Rule[] = (["d1.batch", "d1.query"] as const).map((point) => ({
  point,
  moment: "before",
  action: "fail",
}));

export interface OutageOptions {
  readonly seconds: number;
  readonly ackMode: "journal" | "d1";
}

export interface OutageReport {
  /** Appends that were acknowledged while D1 was away. */
  readonly acknowledged: number;
  /** Answers that were no acknowledgement: what they were for was sent again. */
  readonly refused: number;
  readonly slowestMs: number;
  /** Reads of the tail that were answered meanwhile, of those that were tried. */
  readonly reads: string;
  /** From D1's return until it has everything. */
  readonly arrivedMs: number;
  readonly problems: readonly string[];
}

/** One producer appends, and sends again what was not acknowledged. */
export async function runOutage({ seconds, ackMode }: OutageOptions): Promise<OutageReport> {
  const server = await FaultServer.start({ ...VARIABLES, ACK_MODE: ackMode });
  try {
    const url = server.url(PATH);
    await put(url);
    await server.rules(...AWAY);
    const during = await appendFor(url, seconds * 1_000);
    await server.rules();
    const backMs = performance.now();
    // The one that had no acknowledgement when D1 came back.
    const last = during.acknowledged;
    while (!(await appendOne(url, last))) await sleep(PAUSE_MS);
    const problems = await waitForArrival(server, backMs);
    const arrivedMs = Math.round(performance.now() - backMs);
    // What a new object reads, it has from D1 and R2.
    await server.end(PATH);
    const found = await readMessages(url);
    const expected = Array.from({ length: last + 1 }, (_, n) => textOf(n));
    if (JSON.stringify(found.messages) !== JSON.stringify(expected)) {
      problems.push(`${last + 1} were acknowledged; ${found.messages.length} others are read.`);
    }
    return { ...during, arrivedMs, problems };
  } finally {
    await server.process.remove();
  }
}

async function appendFor(url: string, ms: number) {
  const endMs = performance.now() + ms;
  let acknowledged = 0;
  let refused = 0;
  let slowestMs = 0;
  let tried = 0;
  let answered = 0;
  while (performance.now() < endMs) {
    const sentMs = performance.now();
    const isTaken = await appendOne(url, acknowledged);
    slowestMs = Math.max(slowestMs, Math.round(performance.now() - sentMs));
    if (isTaken) acknowledged += 1;
    else {
      refused += 1;
      await sleep(PAUSE_MS);
    }
    if (isTaken && acknowledged % APPENDS_PER_READ !== 1) continue;
    tried += 1;
    const answer = await fetch(`${url}?last=1`);
    await answer.arrayBuffer();
    if (answer.status === 200) answered += 1;
  }
  return { acknowledged, refused, slowestMs, reads: `${answered} of ${tried}` };
}

async function appendOne(url: string, n: number): Promise<boolean> {
  const answer = await post(url, JSON.stringify([textOf(n)]), producer(n));
  await answer.arrayBuffer();
  // 204: an earlier try had been taken, and its answer said that this was not known.
  return answer.status === 200 || answer.status === 204;
}

/** Nobody sets the clock forward here: it is the alarm that finds D1 again. */
async function waitForArrival(server: FaultServer, backMs: number): Promise<string[]> {
  for (;;) {
    const tables = ["journal_a", "journal_b"].map((table) =>
      server.object(PATH, `SELECT count(*) AS n FROM ${table}`),
    );
    const left = (await Promise.all(tables)).reduce((sum, [row]) => sum + Number(row?.["n"]), 0);
    if (left === 0) return [];
    if (performance.now() - backMs > ARRIVAL_MS_MAX) return [`${left} rows are in the journal.`];
    await sleep(PAUSE_MS);
  }
}

function textOf(n: number): string {
  return `${n} ${FILL}`;
}
