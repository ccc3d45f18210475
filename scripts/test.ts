/**
 * `npm test`: the checks, then every vitest project. Ends with one line, `N passed, N failed`; a failed check counts
 * as one failure, and so does a test file that could not be run.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import { COUNTS_FILE, type Counts } from "./count-reporter.ts";

function runVitest(): Counts {
  const directory = mkdtempSync(join(tmpdir(), "headwater-counts-"));
  const file = join(directory, "counts.json");
  try {
    const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
    const counting = join(import.meta.dirname, "count-reporter.ts");
    const reporters = ["--reporter=default", `--reporter=${counting}`];
    const args = [vitest, "run", ...reporters, ...process.argv.slice(2)];
    const env = { ...process.env, [COUNTS_FILE]: file };
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env });
    const counts = readCounts(file);
    // Vitest also fails for what is no test's fault alone: a failed set-up, say.
    return status === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readCounts(file: string): Counts {
  // A run that ended before its end has written nothing: it failed.
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  return JSON.parse(readFileSync(file, "utf8")) as Counts;
}

const failedChecks = check();
const { passed, failed } = runVitest();
if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(", ")}`);
const allFailed = failed + failedChecks.length;
console.log(`${passed} passed, ${allFailed} failed`);
process.exitCode = allFailed === 0 ? 0 : 1;
