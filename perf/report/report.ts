/** What a run found: the contents of perf.json. */

import type { OperationCost } from "../cost/count.ts";
import type { Machine } from "../machine.ts";
import type { WorkloadResult } from "../measure.ts";

export interface Report {
  readonly started: string;
  readonly seconds: number;
  readonly command: string;
  /** Measured too little for the figures to mean anything. */
  readonly smoke: boolean;
  readonly runs: number;
  readonly machine: Machine;
  readonly workloads: readonly WorkloadResult[];
  readonly costs: readonly OperationCost[];
}
