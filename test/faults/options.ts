/** The arguments of `npm run faults`. */

import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run faults -- [options]

Starts Headwater on a free port and on new data, and kills it with SIGKILL, or takes D1 away from it.

  --kills N         how many times, at random moments under load (100)
  --steps           instead: once before and once after every step of a stream's life that can be held
  --outage SECONDS  instead: D1 does not answer for so long, while a producer goes on; 60, say
  --ack-mode MODE   journal or d1 (journal)
  --seed N          repeat the random choices of another run
  --help            this text

Exit code: 0 when nothing was lost, repeated or reordered, 1 when something was, 2 for wrong arguments.`;

const ACK_MODES = ["journal", "d1"] as const;

const KILLS_MAX = 100_000;
const OUTAGE_SECONDS_MAX = 3_600;
const SEED_MAX = 0x7fff_ffff;

export interface Settings {
  readonly kills: number;
  readonly steps: boolean;
  /** How long D1 is away, in seconds; undefined for a run of kills. */
  readonly outageSeconds: number | undefined;
  readonly ackMode: (typeof ACK_MODES)[number];
  readonly seed: number;
}

/** An argument that cannot be used: a sentence that says which and why. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

/**
 * @param drawSeed gives the seed of a run that names none
 * @returns undefined when only the usage was asked for
 * @throws ArgumentError
 */
export function parseOptions(
  args: readonly string[],
  drawSeed: () => number,
): Settings | undefined {
  const flags = readFlags(args);
  if (flags.help) return undefined;
  const ackMode = ACK_MODES.find((mode) => mode === flags["ack-mode"]);
  if (ackMode === undefined) throw new ArgumentError("--ack-mode must be journal or d1.");
  if (flags.steps && flags.outage !== undefined) {
    throw new ArgumentError("--steps and --outage are two runs: name one of them.");
  }
  return {
    kills: parseInteger("--kills", flags.kills, 1, KILLS_MAX),
    steps: flags.steps,
    outageSeconds:
      flags.outage === undefined
        ? undefined
        : parseInteger("--outage", flags.outage, 1, OUTAGE_SECONDS_MAX),
    ackMode,
    seed: flags.seed === undefined ? drawSeed() : parseInteger("--seed", flags.seed, 0, SEED_MAX),
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        kills: { type: "string", default: "100" },
        steps: { type: "boolean", default: false },
        outage: { type: "string" },
        "ack-mode": { type: "string", default: "journal" },
        seed: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArgumentError(`${reason}\n${USAGE}`, { cause: error });
  }
}

function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new ArgumentError(`${name} is ${text}: it must be a whole number from ${min} to ${max}.`);
}
