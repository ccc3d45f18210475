/**
 * What a story leaves is deleted or expires: in the end nothing is stored anywhere, and no work is left. The clock is
 * set forward and alarms are delivered, as often as they have to be.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { FaultServer } from "./fault-server.ts";

/** Past every intent, retry and lifetime of the story. */
const LATER_MS = 200_000;
const ROUNDS_MAX = 20;
const PAUSE_MS = 15;

/** @returns what is left after many alarms; nothing when all is well */
export async function tidy(
  server: FaultServer,
  paths: readonly string[],
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    try {
      left = await tidyOnce(server, paths);
      if (left.length === 0) return [];
    } catch (error) {
      // The server is being killed, or an object is.
      left = [String(error)];
      await sleep(PAUSE_MS);
      await server.whenUp();
    }
  }
  return [`What is left: ${left.join("; ")}`];
}

async function tidyOnce(server: FaultServer, paths: readonly string[]): Promise<string[]> {
  await server.advance(LATER_MS);
  for (const path of paths) await server.fire(path);
  const left: string[] = [];
  for (const path of paths) {
    for (const table of ["tasks", "edges", "journal_a", "journal_b", "producers"]) {
      const [row] = await server.object(path, `SELECT count(*) AS n FROM ${table}`);
      if (row?.["n"] !== 0) left.push(`${String(row?.["n"])} ${table} in ${path}`);
    }
  }
  for (const table of ["blocks", "segments", "streams"] as const) {
    const count = await server.count(table);
    if (count > 0) left.push(`${count} ${table} in D1`);
  }
  const keys = await server.keys();
  return keys.length === 0 ? left : [...left, `${keys.length} objects in R2`];
}
