/** What operations cost, as tables. */

import type { OperationCost } from "../cost/count.ts";
import { COUNT_NAMES, type Counts } from "../cost/counts.ts";
import {
  DURATION_PER_MILLION_GB_SECONDS,
  OBJECT_GB,
  dollarsPerMillion,
  PRICES_DATE,
  STORAGE_PER_GB_MONTH,
} from "../cost/prices.ts";

const HEAD: Readonly<Record<keyof Counts, string>> = {
  workerRequests: "Worker",
  objectRequests: "object",
  objectRowsRead: "rows read",
  objectRowsWritten: "written",
  d1RowsRead: "D1 read",
  d1RowsWritten: "written",
  r2ClassA: "R2 A",
  r2ClassB: "R2 B",
};

export interface Bill {
  readonly title: string;
  readonly dollars: number;
}

const SECONDS_PER_MONTH = 2_629_746;
const MIB_PER_GIB = 1_024;
// The defaults of SSE_DURATION_MS and LONG_POLL_TIMEOUT_MS: how often an idle reader comes back.
const SSE_SECONDS = 60;
const POLL_SECONDS = 30;

/** From counts to dollars, for what users ask about. */
export function bills(costs: readonly OperationCost[]): Bill[] {
  const million = (id: string) => {
    const found = costs.find((cost) => cost.id === id);
    return found === undefined ? undefined : dollarsPerMillion(found.counts);
  };
  const scaled = (title: string, id: string, factor: number, extra = 0): Bill[] => {
    const dollars = million(id);
    return dollars === undefined ? [] : [{ title, dollars: (dollars * factor) / 1e6 + extra }];
  };
  const awake = (SECONDS_PER_MONTH * OBJECT_GB * DURATION_PER_MILLION_GB_SECONDS) / 1e6;
  const { object, d1, r2 } = STORAGE_PER_GB_MONTH;
  return [
    ...scaled("a million appends of 100 B", "append-journal", 1e6),
    ...scaled("a million appends with a producer", "producer-journal", 1e6),
    ...scaled("a million appends acknowledged by D1", "append-d1", 1e6),
    ...scaled("a million reads at the tail", "tail-read", 1e6),
    ...scaled(
      "1,000 idle SSE readers of one stream, a month",
      "sse",
      (1_000 * SECONDS_PER_MONTH) / SSE_SECONDS,
      awake,
    ),
    ...scaled(
      "1,000 idle long-polls of one stream, a month",
      "poll",
      (1_000 * SECONDS_PER_MONTH) / POLL_SECONDS,
      awake,
    ),
    ...scaled("a GiB written in appends of 1 MiB", "write-mib", MIB_PER_GIB),
    ...scaled("a GiB read from R2", "catch-up-mib", MIB_PER_GIB),
    { title: "a GB stored in the journal, a month", dollars: object },
    { title: "a GB stored in D1, a month", dollars: d1 },
    { title: "a GB stored in R2, a month", dollars: r2 },
  ];
}

export function renderCosts(costs: readonly OperationCost[]): string {
  const width = Math.max(...costs.map(({ title }) => title.length)) + 2;
  const head = COUNT_NAMES.map((name) => HEAD[name].padStart(11)).join("");
  const rows = costs.map(({ title, counts }) => {
    const cells = COUNT_NAMES.map((name) => formatCount(counts[name]).padStart(11));
    return `  ${title.padEnd(width)}${cells.join("")}`;
  });
  const money = bills(costs).map(
    ({ title, dollars }) => `  ${title.padEnd(50)} ${formatDollars(dollars)}`,
  );
  return [
    "\nCounted per operation",
    "  " + " ".repeat(width) + head,
    ...rows,
    `\nIn dollars, at the prices of ${PRICES_DATE}`,
    ...money,
  ].join("\n");
}

export function formatCount(count: number): string {
  return count === 0 ? "0" : count.toFixed(count < 10 ? 3 : 1);
}

export function formatDollars(dollars: number): string {
  return `$${dollars < 0.01 ? dollars.toPrecision(2) : dollars.toFixed(2)}`;
}
