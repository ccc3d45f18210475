/** What suites report: the one shape that the table, the JSON file, the HTML file and the tests read. */

import type { Exchange } from "./exchange.ts";

export type SuiteName = "official" | "requirements" | "differential" | "characterisation";

export type Status = "passed" | "failed" | "skipped";

export interface TestResult {
  /** Unique within its suite. */
  readonly name: string;
  readonly status: Status;
  readonly seconds: number;
  /** Why it failed or was skipped, in a sentence. */
  readonly message?: string;
  /** The evidence of a failure, in order; the last one is usually the one that shows it. */
  readonly exchanges?: readonly Exchange[];
}

export interface SuiteResult {
  readonly suite: SuiteName;
  readonly seconds: number;
  readonly tests: readonly TestResult[];
}

/** Told after every test, for a progress line. */
export type OnTest = (result: TestResult) => void;

/** A failure with its last exchange, as text. */
export function explain(result: TestResult | undefined): string {
  if (result === undefined) return "The test did not run.";
  const last = result.exchanges?.at(-1);
  const lines = [`${result.name}: ${result.status}`, result.message ?? ""];
  if (last !== undefined) {
    lines.push(`> ${last.method} ${last.target}`);
    lines.push(...last.requestHeaders.map(([name, value]) => `> ${name}: ${value}`));
    lines.push(`> ${last.requestBody}`, `< ${last.status ?? last.failure}`);
    lines.push(...last.responseHeaders.map(([name, value]) => `< ${name}: ${value}`));
    lines.push(`< ${last.responseBody}`);
  }
  return lines.join("\n");
}
