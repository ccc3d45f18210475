/** The arguments of `npm run perf`. */

import { parseArgs } from "node:util";

export const USAGE = `Usage: npm run perf -- [options] [NAME=URL ...]

Measures Headwater, the reference server in memory and on files, and the floor: Workers that do the least that the
runtime can do. All in one run and in turns. Servers given as NAME=URL are measured as well.

  --only ID[,ID]     workloads whose names begin so; all unless given
  --targets T[,T]    headwater, headwater-d1, reference-memory, reference-files, floor; all but headwater-d1 unless given
  --d1               Headwater with ACK_MODE=d1 as well
  --runs N           slices that count, per workload and target (5)
  --warm-up N        slices before them that do not (1)
  --smoke            everything once or twice, to see that it works; the figures mean nothing
  --no-cost          do not count what operations cost
  --check            compare with the budgets; exit code 1 when one is exceeded
  --report DIR       where the reports are written (.perf)
  --list             name the workloads
  --help             this text`;

export const TARGETS = [
  "headwater",
  "headwater-d1",
  "reference-memory",
  "reference-files",
  "floor",
] as const;

export type TargetName = (typeof TARGETS)[number];

export interface Settings {
  readonly only: readonly string[] | undefined;
  readonly targets: readonly TargetName[];
  readonly others: readonly { readonly name: string; readonly url: string }[];
  readonly runs: number;
  readonly warmUps: number;
  readonly smoke: boolean;
  readonly cost: boolean;
  readonly check: boolean;
  readonly reportDirectory: string;
}

export type Action =
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  | { readonly kind: "run"; readonly settings: Settings };

/** An argument that cannot be used: a sentence that says which and why. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

/** @throws ArgumentError */
export function parseOptions(args: readonly string[]): Action {
  const { values, positionals } = read(args);
  if (values.help === true) return { kind: "help" };
  if (values.list === true) return { kind: "list" };
  const targets =
    values.targets?.split(",").map(parseTarget) ??
    TARGETS.filter((name) => name !== "headwater-d1" || values.d1 === true);
  return {
    kind: "run",
    settings: {
      only: values.only?.split(","),
      targets,
      others: positionals.map(parseOther),
      runs: parseCount("--runs", values.runs, 5),
      warmUps: parseCount("--warm-up", values["warm-up"], 1),
      smoke: values.smoke === true,
      cost: values["no-cost"] !== true,
      check: values.check === true,
      reportDirectory: values.report ?? ".perf",
    },
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: "string" },
        targets: { type: "string" },
        d1: { type: "boolean" },
        runs: { type: "string" },
        "warm-up": { type: "string" },
        smoke: { type: "boolean" },
        "no-cost": { type: "boolean" },
        check: { type: "boolean" },
        report: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ArgumentError(error.message);
  }
}

function parseTarget(name: string): TargetName {
  const target = TARGETS.find((t) => t === name);
  if (target !== undefined) return target;
  throw new ArgumentError(`--targets names ${name}; there are ${TARGETS.join(", ")}.`);
}

function parseOther(argument: string): { name: string; url: string } {
  const equals = argument.indexOf("=");
  const url = argument.slice(equals + 1);
  if (equals <= 0 || !URL.canParse(url)) {
    throw new ArgumentError(`${argument} is no NAME=URL.`);
  }
  return { name: argument.slice(0, equals), url: new URL(url).origin };
}

function parseCount(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new ArgumentError(`${name} is ${text}: it must be a whole number from 1 to 999.`);
}
