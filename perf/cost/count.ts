/**
 * What operations cost, counted and not timed: the server runs with a meter on everything that is charged for, does an
 * operation many times, and is left alone until its flushes and alarms are over, which the operation pays for as well.
 */

import { Connection } from "../connection.ts";
import {
  createStream,
  fillBytes,
  fillJson,
  freshName,
  message,
  readAll,
  streamPath,
  tailOf,
} from "../streams.ts";
import { startOwn, type Target } from "../targets.ts";
import { perOperation, type Counts } from "./counts.ts";

const MIB = 1_024 * 1_024;

interface Plan {
  readonly appends: number;
  readonly appendPauseMs: number;
  readonly flushIntervalMs: number;
  /** Past the flush interval and what follows it. */
  readonly settleMs: number;
}

/** As fast as a busy chat, 1,000 appends in ten seconds, with the interval that a deployment has. */
const FULL: Plan = { appends: 1_000, appendPauseMs: 10, flushIntervalMs: 5_000, settleMs: 7_000 };
const SMOKE: Plan = { appends: 20, appendPauseMs: 1, flushIntervalMs: 200, settleMs: 600 };

const ENTRY = "perf/workers/counting.ts";

export interface OperationCost {
  readonly id: string;
  readonly title: string;
  /** Per operation, on average. */
  readonly counts: Counts;
}

interface Meter {
  readonly connection: Connection;
  readonly target: Target;
  readonly plan: Plan;
}

/** @param smoke a few operations only: the counts then mean nothing */
export async function countCosts(smoke: boolean): Promise<OperationCost[]> {
  const plan = smoke ? SMOKE : FULL;
  const costs: OperationCost[] = [];
  for (const ackMode of ["journal", "d1"]) {
    const target = await startOwn({
      name: "metered",
      kind: "headwater",
      variables: {
        ACK_MODE: ackMode,
        FLUSH_INTERVAL_MS: String(plan.flushIntervalMs),
        LONG_POLL_TIMEOUT_MS: "1000",
        SSE_DURATION_MS: "1000",
      },
      entry: ENTRY,
    });
    const connection = new Connection(target.url);
    try {
      const meter = { connection, target, plan };
      costs.push(...(await countAppends(meter, ackMode)));
      if (ackMode === "journal") costs.push(...(await countReads(meter)));
    } finally {
      await connection.close();
      await target.stop();
    }
  }
  return costs;
}

function producer(n: number) {
  return { "Producer-Id": "cost", "Producer-Epoch": "0", "Producer-Seq": String(n) };
}

async function countAppends(meter: Meter, ackMode: string): Promise<OperationCost[]> {
  const suffix = ackMode === "d1" ? ", acknowledged by D1" : "";
  return [
    await countAppend(meter, `append-${ackMode}`, `append of 100 B${suffix}`, () => ({})),
    await countAppend(meter, `producer-${ackMode}`, `the same with a producer${suffix}`, producer),
  ];
}

async function countAppend(
  { connection, target, plan }: Meter,
  id: string,
  title: string,
  headersOf: (n: number) => Readonly<Record<string, string>>,
): Promise<OperationCost> {
  const name = freshName();
  await createStream(connection, name, "application/json");
  await pause(plan.settleMs);
  const before = await readCounts(target);
  for (let n = 0; n < plan.appends; n++) {
    const headers = { "Content-Type": "application/json", ...headersOf(n) };
    const path = streamPath(name);
    await connection.send({ method: "POST", path, headers, body: message(n) });
    await pause(plan.appendPauseMs);
  }
  await pause(plan.settleMs);
  return { id, title, counts: perOperation(before, await readCounts(target), plan.appends) };
}

async function countReads(meter: Meter): Promise<OperationCost[]> {
  const { connection, target, plan } = meter;
  const small = freshName();
  await createStream(connection, small, "application/json");
  await fillJson(connection, small, 0, 10);
  const large = freshName();
  const piece = new Uint8Array(MIB);
  await createStream(connection, large, "application/octet-stream");
  const beforeWrite = await readCounts(target);
  await fillBytes(connection, large, piece, 32);
  await target.settled?.(large, "r2", 24 * MIB);
  await pause(plan.settleMs);
  const written = perOperation(beforeWrite, await readCounts(target), 32);
  const end = await tailOf(connection, small);
  const path = streamPath(small);
  const read = (query: string) => async () => {
    await connection.send({ method: "GET", path: `${path}?${query}` });
  };
  return [
    {
      id: "write-mib",
      title: "MiB written in appends of 1 MiB, to its place in R2",
      counts: written,
    },
    await count(target, "tail-read", "read at the tail", 100, 1, read(`offset=-1`)),
    await count(
      target,
      "catch-up-mib",
      "MiB read from the beginning, most of it from R2",
      3,
      32,
      () => readAll(connection, large).then(() => undefined),
    ),
    await count(
      target,
      "poll",
      "long-poll that waits in vain",
      3,
      1,
      read(`offset=${end}&live=long-poll`),
    ),
    await count(
      target,
      "sse",
      "SSE connection that nothing happens on",
      3,
      1,
      read(`offset=${end}&live=sse`),
    ),
  ];
}

/** @param units how many operations one call stands for */
async function count(
  target: Target,
  id: string,
  title: string,
  times: number,
  units: number,
  operation: () => Promise<void>,
): Promise<OperationCost> {
  const before = await readCounts(target);
  for (let i = 0; i < times; i++) await operation();
  return { id, title, counts: perOperation(before, await readCounts(target), times * units) };
}

async function readCounts({ url }: Target): Promise<Counts> {
  return (await (await fetch(`${url}/counts`)).json()) as Counts;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
