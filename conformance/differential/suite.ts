/** The differential suite: the same sequences against a server and the reference server, answers compared. */

import { DurableStreamTestServer } from "@durable-streams/server";
import * as fc from "fast-check";
import { Client } from "../harness/client.ts";
import type { Exchange } from "../harness/exchange.ts";
import type { OnTest, SuiteResult, TestResult } from "../harness/result.ts";
import type { Delta } from "./deltas.ts";
import { FAMILY_NAMES, sequences, type Family } from "./draw.ts";
import { describe, type Operation } from "./operations.ts";
import type { Difference } from "./difference.ts";
import { runSequence } from "./sequence.ts";

export interface DifferentialOptions {
  readonly url: string;
  /** How many sequences are run in all, shared by the families. */
  readonly runs: number;
  readonly seed: number;
  readonly onTest?: OnTest;
}

export interface DifferentialResult extends SuiteResult {
  /** How often each delta was met. */
  readonly deltas: ReadonlyMap<Delta["id"], number>;
}

/** Short: whoever waits for it only learns that nothing came. */
const REFERENCE_LONG_POLL_MS = 300;

/** Shrinking ends after this many sequences, found as small as they are by then. */
const SHRINKS_MAX = 500;

/** A reference server on a free loopback port, its streams in memory. */
export async function startReference(options: { readonly dataDir?: string } = {}) {
  const server = new DurableStreamTestServer({
    port: 0,
    host: "127.0.0.1",
    longPollTimeout: REFERENCE_LONG_POLL_MS,
    ...options,
  });
  return { url: await server.start(), stop: () => server.stop() };
}

/** One result for each family of sequences; the families run beside each other. */
export async function runDifferential(options: DifferentialOptions): Promise<DifferentialResult> {
  const start = performance.now();
  const reference = await startReference();
  const ours = new Client(options.url);
  const theirs = new Client(reference.url);
  const deltas = new Map<Delta["id"], number>();
  try {
    const tests = await Promise.all(
      FAMILY_NAMES.map(async (family) => {
        const result = await runFamily(family, options, { ours, theirs, deltas });
        options.onTest?.(result);
        return result;
      }),
    );
    const seconds = Math.round(performance.now() - start) / 1000;
    return { suite: "differential", seconds, tests, deltas };
  } finally {
    await Promise.all([ours.close(), theirs.close()]);
    await reference.stop();
  }
}

interface Sides {
  readonly ours: Client;
  readonly theirs: Client;
  readonly deltas: Map<Delta["id"], number>;
}

async function runFamily(
  family: Family,
  { runs, seed }: DifferentialOptions,
  { ours, theirs, deltas }: Sides,
): Promise<TestResult> {
  const start = performance.now();
  let last: { difference: Difference; exchanges: readonly Exchange[] } | undefined;
  let shrinks = 0;
  const property = fc.asyncProperty(sequences(family), async (operations) => {
    if (last !== undefined && (shrinks += 1) > SHRINKS_MAX) return;
    const servers = { ours: ours.session(), theirs: theirs.session() };
    const outcome = await runSequence(operations, servers);
    for (const id of outcome.deltas) deltas.set(id, (deltas.get(id) ?? 0) + 1);
    if (outcome.difference === undefined) return;
    const { difference } = outcome;
    last = { difference, exchanges: [...servers.ours.exchanges, ...servers.theirs.exchanges] };
    throw new Error("The servers differ.");
  });
  const numRuns = Math.max(1, Math.ceil(runs / FAMILY_NAMES.length));
  const details = await fc.check(property, { seed, numRuns });
  const seconds = Math.round(performance.now() - start) / 1000;
  const name = `${family}: answers as the reference server does`;
  if (!details.failed) return { name, status: "passed", seconds };
  const [operations] = details.counterexample ?? [[]];
  const message =
    last === undefined ? String(details.errorInstance) : explain(last.difference, operations);
  const again = `Seed ${seed}, path ${details.counterexamplePath ?? ""}, ${details.numShrinks} shrinks.`;
  return {
    name,
    status: "failed",
    seconds,
    message: `${message}\n${again}`,
    exchanges: last?.exchanges ?? [],
  };
}

/** The difference, then the whole sequence. */
export function explain(difference: Difference, operations: readonly Operation[]): string {
  const { step, operation, field, ours, theirs } = difference;
  return [
    `${field} differs after ${describe(operation)}: this server ${ours}, reference ${theirs}.`,
    ...operations.map((one, n) => `${n === step ? ">" : " "} ${describe(one)}`),
  ].join("\n");
}
