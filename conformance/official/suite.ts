/**
 * Runs the official suite against a URL, with vitest started from here and silent. The tests keep vitest's own time
 * limit, for which they were written; those that wait for a long-poll set their own.
 *
 * A test's name is its titles joined by " > ". The suite repeats some of them: the second of a name gets " (2)", in the
 * order of the file, so that a name means the same test in every run.
 */

import { join } from "node:path";
import type { ConformanceTestOptions } from "@durable-streams/server-conformance-tests";
import { startVitest, type Reporter, type TestCase, type TestModule } from "vitest/node";
import type { OnTest, SuiteResult, TestResult } from "../harness/result.ts";
import { probe } from "../probe.ts";

declare module "vitest" {
  interface ProvidedContext {
    official: ConformanceTestOptions;
  }
}

export interface OfficialOptions {
  readonly url: string;
  readonly longPollTimeoutMs: number;
  /** Whether to run the tests of the subscription extension, too. */
  readonly subscriptions: boolean;
  readonly onTest?: OnTest;
}

/** Never throws for the server's faults: a server that is not there is one failed test. */
export async function runOfficial(options: OfficialOptions): Promise<SuiteResult> {
  const start = performance.now();
  const onTest = options.onTest ?? (() => {});
  const absent = await probe(options.url);
  const tests = absent === undefined ? await run(options, onTest) : [fault(absent)];
  if (absent !== undefined) tests.forEach(onTest);
  return { suite: "official", seconds: secondsSince(start), tests };
}

async function run(options: OfficialOptions, onTest: OnTest): Promise<TestResult[]> {
  const collector = new Collector(onTest, watchSignals());
  const { exitCode } = process;
  const vitest = await startVitest("test", [], {
    config: false,
    root: import.meta.dirname,
    include: [join(import.meta.dirname, "official-tests.ts")],
    watch: false,
    cache: false,
    reporters: [collector],
    silent: true,
    provide: {
      official: {
        baseUrl: options.url,
        longPollTimeoutMs: options.longPollTimeoutMs,
        subscriptions: options.subscriptions,
      },
    },
  });
  await vitest.close();
  // Vitest sets it when a test fails. What a failure means for the process is the caller's to say.
  process.exitCode = exitCode;
  return collector.results();
}

/**
 * Vitest ends the process on a signal, at once: before its caller has stopped the server that it started.
 *
 * @returns takes away the listeners that were added since
 */
function watchSignals(): () => void {
  const before = (["SIGINT", "SIGTERM"] as const).map(
    (signal) => [signal, process.listeners(signal)] as const,
  );
  return () => {
    for (const [signal, listeners] of before) {
      const added = process.listeners(signal).filter((one) => !listeners.includes(one));
      for (const listener of added) process.off(signal, listener);
    }
  };
}

/** Prints nothing. */
class Collector implements Reporter {
  readonly #onTest: OnTest;
  readonly #restoreSignals: () => void;
  #names: ReadonlyMap<TestCase["id"], string> = new Map();
  #results: TestResult[] = [];

  constructor(onTest: OnTest, restoreSignals: () => void) {
    this.#onTest = onTest;
    this.#restoreSignals = restoreSignals;
  }

  onInit(): void {
    this.#restoreSignals();
  }

  onTestModuleCollected(module: TestModule): void {
    this.#names = nameTests([...module.children.allTests()]);
  }

  onTestCaseResult(test: TestCase): void {
    this.#onTest(this.#toResult(test));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests()) this.#results.push(this.#toResult(test));
      for (const error of module.errors()) this.#results.push(fault(error.message));
    }
    for (const error of unhandled) this.#results.push(fault(error.message));
  }

  results(): TestResult[] {
    return this.#results.length > 0 ? this.#results : [fault("The official suite has no tests.")];
  }

  #toResult(test: TestCase): TestResult {
    const { state, errors } = test.result();
    const name = this.#names.get(test.id) ?? test.fullName;
    const seconds = Math.round(test.diagnostic()?.duration ?? 0) / 1000;
    if (state === "passed") return { name, status: "passed", seconds };
    if (state === "failed") {
      return { name, status: "failed", seconds, message: errors[0]?.message ?? "It failed." };
    }
    const message = "Left out: it tests subscriptions, which were not asked for (--subscriptions).";
    return { name, status: "skipped", seconds, message };
  }
}

function nameTests(tests: readonly TestCase[]): Map<string, string> {
  const seen = new Map<string, number>();
  return new Map(
    tests.map((test) => {
      const count = (seen.get(test.fullName) ?? 0) + 1;
      seen.set(test.fullName, count);
      return [test.id, count === 1 ? test.fullName : `${test.fullName} (${count})`];
    }),
  );
}

/** The suite as a whole did not do what it should. */
function fault(message: string): TestResult {
  return { name: "the official suite runs", status: "failed", seconds: 0, message };
}

function secondsSince(start: number): number {
  return Math.round(performance.now() - start) / 1000;
}
