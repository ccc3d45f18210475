import type { Workload } from "../workload.ts";
import { APPEND_WORKLOADS } from "./append.ts";
import { CATCH_UP_WORKLOADS } from "./catch-up.ts";
import { GROWTH_WORKLOADS } from "./growth.ts";
import { LIVE_WORKLOADS } from "./live.ts";
import { TAIL_READ_WORKLOADS } from "./tail-read.ts";

/** Every workload, in the order in which they run: what restarts a server comes last. */
export const WORKLOADS: readonly Workload[] = [
  ...APPEND_WORKLOADS,
  ...CATCH_UP_WORKLOADS,
  ...TAIL_READ_WORKLOADS,
  ...LIVE_WORKLOADS,
  ...GROWTH_WORKLOADS,
];
