/** The official suite against ACK_MODE=d1. Subscriptions are no part of the base protocol. */

import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { inject, vi } from "vitest";

// The suite's tests get the time that they were written for, not this project's.
vi.setConfig({ testTimeout: 5_000 });

const servers = inject("servers");

runConformanceTests({
  baseUrl: servers.d1,
  longPollTimeoutMs: servers.longPollTimeoutMs,
  subscriptions: false,
});
