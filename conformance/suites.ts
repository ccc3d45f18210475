/** Runs the suites that were asked for, one after the other: each expects the server for itself. */

import { runCharacterisation } from "./characterisation/suite.ts";
import { runDifferential } from "./differential/suite.ts";
import type { OnTest, SuiteName, SuiteResult } from "./harness/result.ts";
import { runOfficial } from "./official/suite.ts";
import type { Settings } from "./options.ts";
import type { Progress } from "./report/progress.ts";
import { runRequirements } from "./requirements/suite.ts";

type Target = Settings & { readonly url: string };

export async function runSuites(target: Target, progress: Progress): Promise<SuiteResult[]> {
  const results: SuiteResult[] = [];
  for (const suite of target.suites) {
    progress.begin(suite);
    try {
      results.push(await RUN[suite](target, progress.onTest));
    } finally {
      progress.end();
    }
  }
  return results;
}

const RUN: Readonly<Record<SuiteName, (target: Target, onTest: OnTest) => Promise<SuiteResult>>> = {
  official: (target, onTest) => runOfficial({ ...target, onTest }),
  requirements: runRequirements,
  differential: ({ url, runs, seed }, onTest) => runDifferential({ url, runs, seed, onTest }),
  characterisation: ({ url, seed, longPollTimeoutMs, loadMs }, onTest) =>
    runCharacterisation({ url, seed, longPollTimeoutMs, durationMs: loadMs, onTest }),
};
