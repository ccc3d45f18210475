/** `npm run faults`: kills the server again and again, or takes D1 away from it, and says what became of what it had acknowledged. */

import { randomInt } from "node:crypto";
import { FaultServer } from "./fault-server.ts";
import { runKills } from "./kills.ts";
import { ArgumentError, parseOptions, USAGE, type Settings } from "./options.ts";
import { runOutage, type OutageOptions } from "./outage.ts";
import { countSteps, killAt } from "./steps.ts";
import { STORY_VARIABLES } from "./story.ts";
import { MOMENTS } from "./worker/rule.ts";

const EXIT = { passed: 0, failed: 1, wrongArguments: 2, interrupted: 130 };

// A load this long is some megabytes of history.
const LOAD_MS = 20_000;

/** @returns the exit code */
async function main(): Promise<number> {
  const settings = parseOptions(process.argv.slice(2), () => randomInt(0x7fff_ffff));
  if (settings === undefined) {
    console.log(USAGE);
    return EXIT.passed;
  }
  // A server in a process group of its own does not hear of it: it is ended on exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(EXIT.interrupted));
  }
  const problems = await run(settings);
  for (const problem of problems) console.error(problem);
  return problems.length === 0 ? EXIT.passed : EXIT.failed;
}

function run(settings: Settings): Promise<readonly string[]> {
  const { steps, outageSeconds: seconds, ackMode } = settings;
  if (seconds !== undefined) return takeDatabaseAway({ seconds, ackMode });
  return steps ? killSteps(settings) : killUnderLoad(settings);
}

async function takeDatabaseAway(options: OutageOptions): Promise<readonly string[]> {
  console.log(`D1 is away for ${options.seconds} s, ACK_MODE=${options.ackMode}`);
  const { problems, ...figures } = await runOutage(options);
  print(figures);
  return problems;
}

function print(figures: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(12)} ${value}`);
}

async function killUnderLoad({ kills, seed, ackMode }: Settings): Promise<readonly string[]> {
  console.log(`${kills} kills under load, ACK_MODE=${ackMode}, seed ${seed}`);
  const onLoad = (killed: number) => console.log(`${killed} of ${kills}`);
  const report = await runKills({ kills, seed, ackMode, loadMs: LOAD_MS, onLoad });
  const { problems, ...figures } = report;
  print(figures);
  return problems;
}

async function killSteps({ ackMode }: Settings): Promise<readonly string[]> {
  const server = await FaultServer.start({ ...STORY_VARIABLES, ACK_MODE: ackMode });
  const all: string[] = [];
  try {
    for (const moment of MOMENTS) {
      const count = await countSteps(server, moment);
      for (let nth = 0; nth < count; nth++) {
        const { step, problems } = await killAt(server, moment, nth);
        if (step === undefined) break;
        console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${step}`);
        all.push(...problems.map((problem) => `${step}: ${problem}`));
      }
    }
  } finally {
    await server.process.remove();
  }
  return all;
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error;
  console.error(error.message);
  process.exit(EXIT.wrongArguments);
}
