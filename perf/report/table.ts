/** One workload as lines for a terminal: a row for each series and target. */

import { ratio, type Measured, type SeriesResult, type WorkloadResult } from "../measure.ts";

/** The targets that others are compared with. */
export const BASES = { floor: "floor", files: "reference-files", memory: "reference-memory" };

const COLUMNS = ["median", "p95", "p99", "× floor", "× files", "× memory"];
const NAME_WIDTH = 52;
const TARGET_WIDTH = 18;
const COLUMN_WIDTH = 10;

export function renderWorkload({ title, series }: WorkloadResult): string {
  const head = COLUMNS.map((column) => column.padStart(COLUMN_WIDTH)).join("");
  const lines = series.flatMap((s) => s.measured.map((measured) => renderRow(s, measured)));
  return [`\n${title}`, " ".repeat(NAME_WIDTH + TARGET_WIDTH + 2) + head, ...lines].join("\n");
}

function renderRow({ title, unit, measured }: SeriesResult, row: Measured): string {
  const { median, p95, p99 } = row.summary;
  const cells = [median, p95, p99].map(formatValue);
  for (const base of Object.values(BASES)) cells.push(formatRatio(compare(measured, row, base)));
  const label = `${title}, ${unit}`.padEnd(NAME_WIDTH).slice(0, NAME_WIDTH);
  const target = row.target.padEnd(TARGET_WIDTH);
  return `  ${label}${target}${cells.map((c) => c.padStart(COLUMN_WIDTH)).join("")}`;
}

/** @returns undefined for the base itself and where the base was not measured */
export function compare(
  measured: readonly Measured[],
  row: Measured,
  base: string,
): number | undefined {
  if (row.target === base) return undefined;
  return ratio(
    row,
    measured.find(({ target }) => target === base),
  );
}

export function formatValue(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 1_000 ? 1 : 0);
}

export function formatRatio(value: number | undefined): string {
  return value === undefined ? "–" : value.toFixed(2);
}
