/** Medians and percentiles. Means are not used: one pause of the machine would move them. */

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * The value below which a fraction of the samples lies, by the nearest rank.
 *
 * @param sorted at least one sample, in ascending order
 * @param fraction 0 to 1
 */
export function percentile(sorted: readonly number[], fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  if (!Number.isInteger(half)) return sorted[Math.floor(half)] ?? Number.NaN;
  return ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

/**
 * @param higherIsBetter where it is, the percentiles are of the slow side: 95 % of the samples are above `p95`
 */
export function summarise(samples: readonly number[], higherIsBetter: boolean): Summary {
  const sorted = samples.toSorted((a, b) => (higherIsBetter ? b - a : a - b));
  return {
    count: samples.length,
    median: median(samples),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
  };
}
