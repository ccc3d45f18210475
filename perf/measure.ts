/** Measures workloads on targets, in turns, and puts the samples next to each other. */

import { median, summarise, type Summary } from "./statistics.ts";
import type { Target } from "./targets.ts";
import type { Probe, Samples, Scale, Series, Workload } from "./workload.ts";

export interface Measured {
  readonly target: string;
  readonly summary: Summary;
  /** Every sample, in the order taken. */
  readonly samples: readonly number[];
  /** The median of each slice. */
  readonly slices: readonly number[];
}

export interface SeriesResult extends Series {
  readonly id: string;
  readonly measured: readonly Measured[];
}

export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly series: readonly SeriesResult[];
}

export interface Plan {
  /** Slices that count, per target. */
  readonly runs: number;
  /** Slices before them that do not. */
  readonly warmUps: number;
  readonly scale: Scale;
}

/**
 * Runs one workload on every target for which it means something: a slice on each in turn, `runs` times over, in an
 * order that shifts by one each time.
 */
export async function measure(
  workload: Workload,
  targets: readonly Target[],
  { runs, warmUps, scale }: Plan,
): Promise<WorkloadResult> {
  const probes: { name: string; probe: Probe; taken: Samples[] }[] = [];
  try {
    for (const target of targets) {
      if (!workload.runsOn(target)) continue;
      const probe = await workload.open(target, scale);
      probes.push({ name: target.name, probe, taken: [] });
    }
    for (let run = -warmUps; run < runs; run++) {
      const shift = (run + warmUps) % probes.length;
      for (const entry of [...probes.slice(shift), ...probes.slice(0, shift)]) {
        const samples = await entry.probe.slice();
        if (run >= 0) entry.taken.push(samples);
      }
    }
  } finally {
    await Promise.all(probes.map(({ probe }) => probe.close()));
  }
  const series = Object.entries(workload.series).map(([id, { title, unit }]) => ({
    id,
    title,
    unit,
    measured: probes.flatMap(({ name, taken }) => collect(name, id, unit, taken)),
  }));
  return { id: workload.id, title: workload.title, series };
}

function collect(
  target: string,
  id: string,
  unit: Series["unit"],
  taken: readonly Samples[],
): Measured[] {
  const slices = taken.flatMap((samples) => {
    const own = samples[id] ?? [];
    return own.length === 0 ? [] : [own];
  });
  if (slices.length === 0) return [];
  const samples = slices.flat();
  const summary = summarise(samples, unit !== "ms");
  return [{ target, summary, samples, slices: slices.map(median) }];
}

/**
 * How two targets compare: the median of the ratios slice by slice, each taken at about the same time.
 *
 * @returns undefined when one of them was not measured
 */
export function ratio(
  a: Pick<Measured, "slices"> | undefined,
  b: Pick<Measured, "slices"> | undefined,
): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  const ratios = a.slices.flatMap((value, i) => {
    const other = b.slices[i];
    return other === undefined ? [] : [value / other];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
