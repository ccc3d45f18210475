/**
 * The suites can fail: the requirement suite and the characterisation suite find every server that is wrong on purpose,
 * by the requirement or the rule that it breaks.
 */

import { describe, expect, inject, it } from "vitest";
import { runCharacterisation } from "../characterisation/suite.ts";
import { explain, type TestResult } from "../harness/result.ts";
import { runTests } from "../harness/run.ts";
import { listTests } from "../requirements/catalogue.ts";
import { LOADED_MUTANTS } from "./loaded.ts";
import { MUTANTS } from "./mutants.ts";
import { startProxy, type Behaviour } from "./proxy.ts";

const { journal, longPollTimeoutMs, sseDurationMs } = inject("servers");

const FIRST_SEED = 3;
const RUNS_MAX = 20;

/** The results of the tests of some requirements, or of all, behind a proxy. */
async function runBehind(behaviour: Behaviour, ids?: readonly string[]): Promise<TestResult[]> {
  const proxy = await startProxy(journal, behaviour);
  const tests = listTests().filter(
    ({ name }) => ids?.some((id) => name.startsWith(`${id} `)) ?? true,
  );
  try {
    const target = { url: proxy.url, longPollTimeoutMs, sseDurationMs, concurrency: 16 };
    return await runTests(tests, target);
  } finally {
    await proxy.stop();
  }
}

/** The requirements of which a test failed. */
function failedIds(results: readonly TestResult[]): string[] {
  const failed = results.filter(({ status }) => status === "failed");
  return [...new Set(failed.map(({ name }) => name.split(" ")[0] ?? ""))];
}

/**
 * The rules of the characterisation suite that a short load behind a proxy breaks. A busy machine does little in that
 * time: what is not found at once is looked for again.
 */
async function breakUnderLoad(
  behaviour: Behaviour,
  wanted: readonly string[],
): Promise<Set<string>> {
  const proxy = await startProxy(journal, behaviour);
  const broken = new Set<string>();
  try {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS_MAX; seed += 1) {
      const load = { seed, durationMs: 800, longPollTimeoutMs, concurrency: 24 };
      const { violations } = await runCharacterisation({ url: proxy.url, ...load });
      for (const { rule } of violations) broken.add(rule);
      if (wanted.every((rule) => broken.has(rule))) break;
    }
    return broken;
  } finally {
    await proxy.stop();
  }
}

describe("wrong servers and the requirement suite", () => {
  it("are at least 25, each with a name of its own", () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
    const names = [...MUTANTS, ...LOADED_MUTANTS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("passes everything behind a proxy that changes nothing", { timeout: 300_000 }, async () => {
    const results = await runBehind({});
    const wrong = results.filter(({ status }) => status !== "passed");
    expect(wrong.map(explain)).toEqual([]);
  });

  it.concurrent.for(
    MUTANTS.map((mutant) => [mutant.caughtBy.join(", "), mutant.name, mutant] as const),
  )(
    "finds by %s the server that %s",
    { timeout: 120_000 },
    async ([, , mutant], { expect: expectThat }) => {
      const results = await runBehind(mutant, mutant.caughtBy);
      expectThat(failedIds(results).toSorted()).toEqual([...mutant.caughtBy].toSorted());
    },
  );
});

describe("wrong servers and the characterisation suite", () => {
  it("passes every rule behind a proxy that changes nothing", async () => {
    expect(await breakUnderLoad({}, [])).toEqual(new Set());
  });

  it.for(
    LOADED_MUTANTS.map((mutant) => [mutant.caughtBy.join(", "), mutant.name, mutant] as const),
  )("finds by %s the server that %s", { timeout: 120_000 }, async ([, , mutant]) => {
    const broken = await breakUnderLoad(mutant, mutant.caughtBy);
    expect([...broken]).toEqual(expect.arrayContaining([...mutant.caughtBy]));
  });
});
