/**
 * Cloudflare's published prices in US dollars, for the Workers Paid plan and past what it includes.
 *
 * Read on 2026-11-21 from developers.cloudflare.com: workers/platform/pricing, durable-objects/platform/pricing,
 * d1/platform/pricing and r2/pricing. Change the date with the figures.
 */

import type { Counts } from "./counts.ts";

export const PRICES_DATE = "2026-11-21";

/** Dollars per million. */
export const PER_MILLION: Readonly<Record<keyof Counts, number>> = {
  workerRequests: 0.3,
  objectRequests: 0.15,
  objectRowsRead: 0.001,
  objectRowsWritten: 1,
  d1RowsRead: 0.001,
  d1RowsWritten: 1,
  r2ClassA: 4.5,
  r2ClassB: 0.36,
};

/** Dollars per GB and month. */
export const STORAGE_PER_GB_MONTH = { object: 0.2, d1: 0.75, r2: 0.015 } as const;

/** Dollars per million GB-seconds that an object is awake; each is charged as 128 MB. */
export const DURATION_PER_MILLION_GB_SECONDS = 12.5;
export const OBJECT_GB = 0.128;

/** What a million operations with these counts cost. */
export function dollarsPerMillion(counts: Counts): number {
  let dollars = 0;
  for (const name of Object.keys(PER_MILLION) as (keyof Counts)[]) {
    dollars += counts[name] * PER_MILLION[name];
  }
  return dollars;
}
