/** How the answers of two servers differ. */

import type { Observation } from "./observe.ts";
import type { Operation } from "./operations.ts";

export type Side = "ours" | "theirs";
export type Pair = Readonly<Record<Side, string>>;

/** One field in which the answers differ. An absent field is "(absent)". */
export interface Difference extends Pair {
  readonly step: number;
  readonly operation: Operation;
  /** A field of an observation, `order` of two offsets, or `read from <n>` after the sequence. */
  readonly field: string;
  /** Whether another stream was at the path before, and is deleted. */
  readonly recreated: boolean;
  /** Everything that was compared in this step. */
  readonly observed: Readonly<Record<Side, Observation>>;
}
