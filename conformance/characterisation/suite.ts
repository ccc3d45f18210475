/** The characterisation suite: a load, then one result for each rule. */

import type { OnTest, SuiteResult, TestResult } from "../harness/result.ts";
import { check } from "./checker.ts";
import type { History } from "./history.ts";
import { runLoad, type LoadOptions } from "./load.ts";
import { rules, type Rule, type Violation } from "./rules.ts";

export interface CharacterisationOptions extends LoadOptions {
  readonly onTest?: OnTest;
}

/** How much the load did, so that a caller can tell a clean run from one in which nothing happened. */
export interface Counts {
  readonly appendRequests: number;
  readonly acknowledged: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly unknown: number;
  readonly closes: number;
  readonly reads: number;
  readonly longPolls: number;
  readonly sseEvents: number;
  readonly refusedReads: number;
  readonly heads: number;
  readonly bytesAppended: number;
  readonly bytesRead: number;
}

export interface CharacterisationResult extends SuiteResult {
  readonly counts: Counts;
  readonly violations: readonly Violation[];
}

const SHOWN_MAX = 5;

/** @throws when the server let nothing be done, so that there is nothing to look at */
export async function runCharacterisation(
  options: CharacterisationOptions,
): Promise<CharacterisationResult> {
  const start = performance.now();
  const history = await runLoad(options);
  const counts = count(history);
  if (counts.acknowledged === 0 || counts.reads === 0) {
    throw new Error(`Nothing was written and read: ${JSON.stringify(counts)}`);
  }
  const violations = check(history);
  const seconds = Math.round(performance.now() - start) / 1_000;
  const tests = (Object.keys(rules) as Rule[]).map((rule) =>
    toTest(
      rule,
      violations.filter((v) => v.rule === rule),
      seconds,
    ),
  );
  for (const test of tests) options.onTest?.(test);
  return { suite: "characterisation", seconds, tests, counts, violations };
}

/** All rules look at one history: each has the time of the whole. */
function toTest(rule: Rule, violations: readonly Violation[], seconds: number): TestResult {
  const name = `${rule}: ${rules[rule]}`;
  if (violations.length === 0) return { name, status: "passed", seconds };
  const shown = violations.slice(0, SHOWN_MAX).map((v) => `${v.stream}: ${v.message}`);
  const streams = new Set(violations.map((v) => v.stream)).size;
  const message = [`${violations.length} times on ${streams} streams:`, ...shown].join("\n");
  return { name, status: "failed", seconds, message };
}

function count(history: History): Counts {
  const appends = history.filter((e) => e.kind === "append");
  const reads = history.filter((e) => e.kind === "read");
  const outcomes = (kind: string) => appends.filter((a) => a.outcome.kind === kind);
  const ofKind = (kind: string) => history.filter((e) => e.kind === kind).length;
  const ofMode = (mode: string) => reads.filter((r) => r.mode === mode).length;
  return {
    appendRequests: appends.length,
    acknowledged: outcomes("acknowledged").length,
    duplicates: outcomes("duplicate").length,
    refused: outcomes("refused").length,
    unknown: outcomes("unknown").length,
    closes: ofKind("close"),
    reads: reads.length,
    longPolls: ofMode("long-poll"),
    sseEvents: ofMode("sse"),
    refusedReads: ofKind("refused-read"),
    heads: ofKind("head"),
    bytesAppended: sum(outcomes("acknowledged").map((a) => a.records.join("").length)),
    bytesRead: sum(reads.map((r) => r.content.length)),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0);
