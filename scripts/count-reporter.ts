/** A vitest reporter that prints nothing and writes the run's counts to the file that COUNTS_FILE names. */

import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export const COUNTS_FILE = "HEADWATER_COUNTS_FILE";

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env[COUNTS_FILE];
    if (file === undefined) throw new Error(`${COUNTS_FILE} names no file.`);
    writeFileSync(file, JSON.stringify(countTests(modules, unhandled.length)));
  }
}

/** A module that could not be run, and an error that no test caught, count as one failure each. */
function countTests(modules: readonly TestModule[], unhandled: number): Counts {
  let passed = 0;
  let failed = unhandled;
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      if (state === "failed") failed += 1;
    }
  }
  return { passed, failed };
}
