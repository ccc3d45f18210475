/** The requirement suite: every test of every requirement, against any server. */

import type { OnTest, SuiteResult } from "../harness/result.ts";
import { runTests } from "../harness/run.ts";
import type { SubjectOptions } from "../harness/subject.ts";
import { listTests } from "./catalogue.ts";

/** Most of the tests wait for the server's clock. */
const CONCURRENCY = 16;

/** @returns results named `<id of the requirement> <name of the test>` */
export async function runRequirements(
  target: SubjectOptions & { readonly url: string },
  onTest?: OnTest,
): Promise<SuiteResult> {
  const start = performance.now();
  const tests = await runTests(listTests(), { ...target, concurrency: CONCURRENCY }, onTest);
  const seconds = Math.round(performance.now() - start) / 1000;
  return { suite: "requirements", seconds, tests };
}
