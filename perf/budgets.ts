/**
 * How much slower than what it is compared with a workload may be, as ratios of medians: they hold on any machine,
 * where milliseconds do not. `npm run perf -- --check` fails when one is exceeded.
 *
 * A budget is the figure of docs/performance.md with room for noise. It is made tighter when the server becomes
 * faster, and never wider without a reason in the commit.
 */

import { ratio, type Measured, type WorkloadResult } from "./measure.ts";

export interface Place {
  readonly target: string;
  readonly workload: string;
  readonly series: string;
}

export interface Budget {
  readonly of: Place;
  readonly to: Place;
  /** The ratio of the medians must not be above, for times, or below, for rates. */
  readonly most?: number;
  readonly least?: number;
}

export interface Verdict {
  readonly budget: Budget;
  readonly ratio: number | undefined;
  readonly state: "kept" | "exceeded" | "not measured";
}

function against(
  workload: string,
  series: string,
  base: string,
  bound: { readonly most: number } | { readonly least: number },
  target = "headwater",
): Budget {
  const of = { target, workload, series };
  return { of, to: { ...of, target: base }, ...bound };
}

function within(
  workload: string,
  series: string,
  other: string,
  bound: { readonly most: number },
): Budget {
  const of = { target: "headwater", workload, series };
  return { of, to: { ...of, series: other }, ...bound };
}

export const BUDGETS: readonly Budget[] = [
  against("append-1", "append", "floor", { most: 1.25 }),
  against("append-1", "append", "reference-files", { most: 1 }),
  against("append-32", "rate", "floor", { least: 1.2 }),
  against("append-32", "rate", "reference-files", { least: 2 }),
  against("append-64-50", "rate", "floor", { least: 0.8 }),
  within("producer", "producer", "plain", { most: 1.15 }),
  against("append-1mib", "append", "reference-files", { most: 1.3 }),
  against("catch-up-r2", "throughput", "floor", { least: 0.65 }),
  against("catch-up-json-r2", "throughput", "reference-files", { least: 1 }),
  against("tail-read-1", "read", "floor", { most: 1.25 }),
  against("tail-read-32", "rate", "floor", { least: 0.78 }),
  against("sse-100", "delivery", "reference-files", { most: 0.5 }),
  against("poll-100", "delivery", "reference-files", { most: 1 }),
  against("d1-append-1", "append", "floor", { most: 1.5 }, "headwater-d1"),
  against("d1-append-32", "rate", "floor", { least: 2 }, "headwater-d1"),
  within("growth-messages", "append-100000", "append-1000", { most: 1.2 }),
  within("growth-messages", "tail-100000", "tail-1000", { most: 1.2 }),
  within("growth-messages", "random-100000", "tail-100000", { most: 3 }),
  within("cold-start", "first-100000", "first-1000", { most: 1.5 }),
];

export function checkBudgets(
  results: readonly WorkloadResult[],
  budgets: readonly Budget[] = BUDGETS,
): Verdict[] {
  return budgets.map((budget) => {
    const measured = ratio(find(results, budget.of), find(results, budget.to));
    if (measured === undefined) return { budget, ratio: measured, state: "not measured" };
    const { most = Infinity, least = 0 } = budget;
    const isKept = measured <= most && measured >= least;
    return { budget, ratio: measured, state: isKept ? "kept" : "exceeded" };
  });
}

function find(results: readonly WorkloadResult[], place: Place): Measured | undefined {
  return results
    .find(({ id }) => id === place.workload)
    ?.series.find(({ id }) => id === place.series)
    ?.measured.find(({ target }) => target === place.target);
}

export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ budget: { of, to, most, least }, ratio: measured, state }) => {
    const other = of.target === to.target ? to.series : to.target;
    const name = `${of.workload} ${of.series}, ${of.target} to ${other}`.padEnd(68);
    const bound = most === undefined ? `≥ ${least}` : `≤ ${most}`;
    return `  ${name}${(measured?.toFixed(2) ?? "–").padStart(6)}  ${bound.padEnd(8)} ${state}`;
  });
  return ["\nBudgets", ...rows].join("\n");
}
