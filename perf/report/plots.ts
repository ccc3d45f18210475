/** What is drawn of a workload: how a time is distributed, or how it grows. */

import type { SeriesResult, WorkloadResult } from "../measure.ts";
import { percentile } from "../statistics.ts";

export interface Plot {
  readonly title: string;
  readonly unit: string;
  /** What the horizontal axis is. */
  readonly x: string;
  readonly growth: boolean;
  readonly xs: readonly number[];
  readonly ticks: readonly (readonly [at: number, label: string])[];
  readonly lines: readonly { readonly label: string; readonly ys: readonly number[] }[];
}

// The axis of a distribution counts nines: 0 is the fastest, 1 is 90 %, 2 is 99 %.
const NINES_MAX = 3;
const STEPS = 60;
const TICKS = [0, 50, 90, 95, 99, 99.9];

export function plotsOf({ series }: WorkloadResult): Plot[] {
  const grown = series.filter(({ id }) => countOf(id) !== undefined);
  if (grown.length > 0) return growthPlots(grown);
  return series.filter(({ unit }) => unit === "ms").map(distributionPlot);
}

function ninesOf(percent: number): number {
  return Math.log10(100 / (100 - percent));
}

function distributionPlot({ title, unit, measured }: SeriesResult): Plot {
  const xs = Array.from({ length: STEPS + 1 }, (_, i) => (i * NINES_MAX) / STEPS);
  return {
    title: `${title}: as slow as this or faster`,
    unit,
    x: "requests",
    growth: false,
    xs,
    ticks: TICKS.map((percent) => [ninesOf(percent), `${percent} %`]),
    lines: measured.map(({ target, samples }) => {
      const sorted = samples.toSorted((a, b) => a - b);
      return { label: target, ys: xs.map((x) => percentile(sorted, 1 - 10 ** -x)) };
    }),
  };
}

/** The number at the end of a series' name. */
function countOf(id: string): number | undefined {
  const match = /-(\d+)$/.exec(id);
  return match === null ? undefined : Number(match[1]);
}

function growthPlots(series: readonly SeriesResult[]): Plot[] {
  const kinds = Map.groupBy(series, ({ id }) => id.slice(0, id.lastIndexOf("-")));
  return [...kinds].flatMap(([, group]) => {
    const [first] = group;
    if (first === undefined) return [];
    const xs = group.map(({ id }) => countOf(id) ?? 0);
    const targets = first.measured.map(({ target }) => target);
    return {
      title: `${first.title.slice(0, first.title.indexOf(","))}: median by size`,
      unit: first.unit,
      x: "size",
      growth: true,
      xs,
      ticks: xs.map((x) => [x, x.toLocaleString("en")] as const),
      lines: targets.map((label) => ({
        label,
        ys: group.map(
          ({ measured }) => measured.find(({ target }) => target === label)?.summary.median ?? 0,
        ),
      })),
    };
  });
}
