/** The official suite as a vitest file. Only suite.ts runs it: no project includes a file of this name. */

import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { inject } from "vitest";

runConformanceTests(inject("official"));
