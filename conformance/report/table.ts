/** The table at the end of a run: one line for each suite. */

import type { Status, SuiteResult, TestResult } from "../harness/result.ts";

const HEAD = ["suite", "passed", "failed", "skipped", "seconds"];

export function countTests(tests: readonly TestResult[]): Readonly<Record<Status, number>> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of tests) counts[status] += 1;
  return counts;
}

/** Text in columns: names to the left, numbers to the right. The last line is the sum of several suites. */
export function formatTable(suites: readonly SuiteResult[]): string {
  const rows = suites.map(({ suite, tests, seconds }) => toRow(suite, tests, seconds));
  if (suites.length > 1) {
    const seconds = suites.reduce((sum, suite) => sum + suite.seconds, 0);
    rows.push(
      toRow(
        "all",
        suites.flatMap(({ tests }) => tests),
        seconds,
      ),
    );
  }
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => formatRow(row, widths)).join("\n");
}

function toRow(name: string, tests: readonly TestResult[], seconds: number): string[] {
  const { passed, failed, skipped } = countTests(tests);
  return [name, ...[passed, failed, skipped].map(String), seconds.toFixed(1)];
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return cells.join("  ");
}
