/** The characterisation suite on both acknowledgement modes. */

import { expect, inject, it } from "vitest";
import { rules } from "./rules.ts";
import { runCharacterisation } from "./suite.ts";

const SEED = 20_260_101;

const { journal, d1, longPollTimeoutMs } = inject("servers");

it.each([
  ["journal", journal],
  ["d1", d1],
])("keeps every rule under load, ACK_MODE=%s", async (_, url) => {
  const told: string[] = [];
  const result = await runCharacterisation({
    url,
    seed: SEED,
    durationMs: 3_000,
    longPollTimeoutMs,
    onTest: ({ name }) => told.push(name),
  });
  expect(result.tests.filter((test) => test.status !== "passed")).toEqual([]);
  expect(told).toHaveLength(Object.keys(rules).length);
  // Far below what a slow machine does, and far above what a load does that is stuck.
  const { counts } = result;
  expect(counts.acknowledged).toBeGreaterThan(40);
  expect(counts.duplicates).toBeGreaterThan(3);
  expect(counts.refused).toBeGreaterThan(3);
  expect(counts.reads).toBeGreaterThan(50);
  expect(counts.longPolls).toBeGreaterThan(5);
  expect(counts.sseEvents).toBeGreaterThan(15);
  expect(counts.heads).toBeGreaterThan(5);
  expect(counts.bytesAppended).toBeGreaterThan(50_000);
});
