/**
 * The report of a run as data: what the JSON file holds, and what the HTML file is made from.
 *
 * A reader may rely on every field below. A field is only ever added; a change of meaning changes `formatVersion`.
 */

import type { SuiteName, SuiteResult, TestResult } from "../harness/result.ts";
import {
  countByLevel,
  findBindingFailures,
  type Counts,
  type RequirementResult,
} from "./requirement-results.ts";
import { countTests } from "./table.ts";

export interface ReportOptions {
  readonly suites: readonly SuiteName[];
  /** Two runs with the same seed do the same random things. */
  readonly seed: number;
  /** Of the differential suite. */
  readonly runs: number;
  /** Of the characterisation suite. */
  readonly loadMs: number;
  readonly subscriptions: boolean;
  readonly longPollTimeoutMs: number;
  readonly sseDurationMs: number;
}

export interface Report {
  readonly formatVersion: 1;
  /** What the server is called here. */
  readonly name: string;
  readonly url: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly seconds: number;
  readonly options: ReportOptions;
  /** Failed when a test failed that shows more than a SHOULD or a MAY. */
  readonly verdict: "passed" | "failed";
  /** The tests behind a failed verdict. */
  readonly bindingFailures: readonly { readonly suite: SuiteName; readonly name: string }[];
  readonly totals: TestCounts;
  readonly suites: readonly SuiteReport[];
  /** By level (MUST, MUST NOT, STATED, SHOULD, SHOULD NOT, MAY); only those that occur. */
  readonly levels: readonly { readonly level: string; readonly counts: Counts }[];
  /** In the order of the text. Empty when no suite ran that shows any. */
  readonly requirements: readonly RequirementResult[];
}

export type TestCounts = Readonly<Record<"passed" | "failed" | "skipped", number>>;

export interface SuiteReport extends TestCounts {
  readonly suite: SuiteName;
  readonly seconds: number;
  /** A failed one has a `message` and, where the suite records them, its `exchanges`. */
  readonly tests: readonly TestResult[];
}

export interface Run {
  readonly name: string;
  readonly url: string;
  readonly started: Date;
  readonly seconds: number;
  readonly options: ReportOptions;
  readonly suites: readonly SuiteResult[];
  readonly requirements: readonly RequirementResult[];
}

export function toReport(run: Run): Report {
  const { name, url, started, seconds, options, suites, requirements } = run;
  const bindingFailures = findBindingFailures(suites, requirements);
  return {
    formatVersion: 1,
    name,
    url,
    started: started.toISOString(),
    seconds,
    options,
    verdict: bindingFailures.length === 0 ? "passed" : "failed",
    bindingFailures,
    totals: countTests(suites.flatMap(({ tests }) => tests)),
    suites: suites.map((suite) => ({ ...suite, ...countTests(suite.tests) })),
    levels: countByLevel(requirements),
    requirements,
  };
}

export function formatJson(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
