/**
 * `npm test`: the checks, then every vitest project. Ends with one line, `N passed, N failed`; a failed check counts
 * as one failure, and so does a test file that could not be run.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { status: string; assertionResults: readonly unknown[] }[];
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

function runVitest(): Counts {
  const directory = mkdtempSync(join(tmpdir(), "headwater-report-"));
  const file = join(directory, "report.json");
  try {
    const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const args = [vitest, "run", ...reporters, ...process.argv.slice(2)];
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    const counts = countTests(file);
    // Vitest also fails for what is no test's fault alone: an unhandled rejection, a failed set-up.
    return status === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function countTests(file: string): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return { passed: 0, failed: 1 };
  }
  const unrunnable = report.testResults.filter(
    (result) => result.status === "failed" && result.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unrunnable.length,
  };
}

const failedChecks = check();
const { passed, failed } = runVitest();
if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(", ")}`);
const allFailed = failed + failedChecks.length;
console.log(`${passed} passed, ${allFailed} failed`);
process.exitCode = allFailed === 0 ? 0 : 1;
