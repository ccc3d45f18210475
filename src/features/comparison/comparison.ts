/** The comparison of environments: two URLs are probed, what differs is found, explained and kept. */

import type { Feature } from "#features/feature.ts";
import {
  completeComparison,
  createComparison,
  failComparison,
  readHistory,
  readStatus,
  saveProbe,
  timeout,
} from "./commands.ts";
import type { ComparisonEvent } from "./events.ts";
import { comparisonRoutes, type ComparisonSettings } from "./routes.ts";
import { forget, project, TABLES } from "./runs.ts";

export const comparison: Feature<ComparisonSettings, ComparisonEvent> = {
  name: "comparison",
  version: 1,
  tables: TABLES,
  commands: [createComparison, saveProbe, completeComparison, failComparison],
  queries: [readStatus, readHistory],
  timer: timeout,
  project,
  forget,
  commandRoute: "POST /api/compare",
  routes: comparisonRoutes,
};
