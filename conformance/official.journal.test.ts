/** The official suite against ACK_MODE=journal. Subscriptions are no part of the base protocol. */

import { runConformanceTests } from "@durable-streams/server-conformance-tests";
import { inject } from "vitest";

const servers = inject("servers");

runConformanceTests({
  baseUrl: servers.journal,
  longPollTimeoutMs: servers.longPollTimeoutMs,
  subscriptions: false,
});
