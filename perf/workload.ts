/** A workload: one thing that users do, done to every target in turn. */

import type { Target } from "./targets.ts";

export type Unit = "ms" | "/s" | "MB/s";

export interface Series {
  readonly title: string;
  readonly unit: Unit;
}

/** How much of everything: the full measurement, or a look at whether it works at all. */
export interface Scale {
  /** The number of requests in one slice, or of streams and messages that are prepared. */
  readonly count: (full: number) => number;
  /** How long a slice that runs by the clock takes, in ms. */
  readonly duration: (fullMs: number) => number;
}

export const FULL: Scale = { count: (full) => full, duration: (fullMs) => fullMs };

/** Everything once or twice. */
export const SMOKE: Scale = {
  count: (full) => Math.max(2, Math.round(full / 100)),
  duration: () => 50,
};

/** Samples by series, in the series' unit. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** A workload that is ready to be measured on one target. */
export interface Probe {
  /** One part of the measurement: the targets take turns, so that each sees the same weather. */
  slice(): Promise<Samples>;
  close(): Promise<void>;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly series: Readonly<Record<string, Series>>;
  /** Whether the workload means anything for a target. */
  readonly runsOn: (target: Target) => boolean;
  readonly open: (target: Target, scale: Scale) => Promise<Probe>;
}

export function isProtocol({ kind }: Target): boolean {
  return kind !== "floor";
}

/** Every server but ours in mode `d1`, which is compared with a floor of its own. */
export function isJournal({ kind }: Target): boolean {
  return kind !== "headwater-d1";
}
