/**
 * Any interleaving of operations, flushes, compactions and restarts is answered as the oracle answers.
 *
 * `VITE_MODEL_RUNS` and `VITE_MODEL_SEED` in the environment draw more, or other, scripts.
 */

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Checker } from "./checker.ts";
import { script, type Step } from "./commands.ts";
import { tuneStreams } from "./harness.ts";
import { Oracle, type Append, type Expected } from "./oracle.ts";

const { env } = import.meta as unknown as { env: Record<string, string | undefined> };
const RUNS = Number(env["VITE_MODEL_RUNS"] ?? 100);
const SEED = Number(env["VITE_MODEL_SEED"] ?? 20_260_731);
const TIMEOUT_MS = 60_000 + RUNS * 2_000;

let runs = 0;

// Flushes happen by themselves as well, in the middle of other steps.
beforeAll(() => tuneStreams({ flushBytes: 20_000, segmentBytes: 60_000 }));

async function check(newOracle: () => Oracle, parameters: fc.Parameters<[Step[]]>) {
  const property = fc.asyncProperty(script, async (steps) => {
    await new Checker(`run-${runs++}`, newOracle()).run(steps);
  });
  return fc.check(property, parameters);
}

describe("a stream server", () => {
  it.each([
    ["journal", RUNS],
    ["d1", Math.ceil(RUNS / 3)],
  ] as const)(
    "answers every request as the oracle does, in mode %s",
    async (ackMode, numRuns) => {
      tuneStreams({ ackMode });
      const details = await check(() => new Oracle(), { numRuns, seed: SEED });
      expect(details.failed, fc.defaultReportMessage(details) ?? "").toBe(false);
    },
    TIMEOUT_MS,
  );

  it.each([
    ["forgets an append", ForgetfulOracle],
    ["never refuses a producer", GullibleOracle],
    ["never trims", HoardingOracle],
  ])(
    "is told from an oracle that %s",
    async (_, Wrong) => {
      const parameters = { numRuns: 100, seed: SEED, endOnFailure: true };
      expect((await check(() => new Wrong(), parameters)).failed).toBe(true);
    },
    TIMEOUT_MS,
  );
});

class ForgetfulOracle extends Oracle {
  #appends = 0;

  override append(path: string, command: Append): Expected {
    this.#appends += 1;
    const forgotten = this.#appends === 3 ? { frames: command.frames.slice(1) } : {};
    return super.append(path, { ...command, ...forgotten });
  }
}

class HoardingOracle extends Oracle {
  override trim(path: string): Expected {
    return super.trim(path, "start");
  }
}

class GullibleOracle extends Oracle {
  override append(path: string, command: Append): Expected {
    const answer = super.append(path, command);
    const refused =
      answer.status === 403 || answer.headers?.["Producer-Expected-Seq"] !== undefined;
    return refused ? { status: 200 } : answer;
  }
}
