/** Runs tests beside each other, since most of them wait for the server's clock and not for its processor. */

import { Client } from "./client.ts";
import type { OnTest, TestResult } from "./result.ts";
import { Skip } from "./requirement.ts";
import { Subject, type SubjectOptions } from "./subject.ts";

export interface NamedTest {
  readonly name: string;
  readonly run: (subject: Subject) => Promise<void>;
}

/** Runs `tests`, at most `concurrency` at a time, and returns their results in the same order. */
export async function runTests(
  tests: readonly NamedTest[],
  target: SubjectOptions & { readonly url: string; readonly concurrency?: number },
  onTest: OnTest = () => {},
): Promise<TestResult[]> {
  const client = new Client(target.url);
  const results: TestResult[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < tests.length; index = next++) {
      const test = tests[index];
      if (test === undefined) return;
      const result = await runTest(test, client, target);
      results[index] = result;
      onTest(result);
    }
  };
  try {
    await Promise.all(Array.from({ length: target.concurrency ?? 8 }, worker));
  } finally {
    await client.close();
  }
  return results;
}

/** Runs one test against the server of `client`; never throws for the server's faults. */
export async function runTest(
  test: NamedTest,
  client: Client,
  options: SubjectOptions,
): Promise<TestResult> {
  const session = client.session();
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start) / 1000;
  try {
    await test.run(new Subject(session, options));
    return { name: test.name, status: "passed", seconds: elapsed() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const seconds = elapsed();
    if (error instanceof Skip) return { name: test.name, status: "skipped", seconds, message };
    return { name: test.name, status: "failed", seconds, message, exchanges: session.exchanges };
  }
}
