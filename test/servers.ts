/** Starts the servers that the tests of this project talk to: one for each acknowledgement mode, each on new data. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startServer } from "../scripts/server.ts";

/** Short, because the official suite waits for it often; long enough for what it does while it waits. */
const LONG_POLL_TIMEOUT_MS = 1_000;

/** Short, because one test waits for the end of a connection; long enough for what others do while one stands. */
const SSE_DURATION_MS = 6_000;

const ADMIN_TOKEN = "the-token-of-the-tests";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const journal = await start("journal");
  const d1 = await start("d1");
  project.provide("servers", {
    journal: journal.url,
    d1: d1.url,
    longPollTimeoutMs: LONG_POLL_TIMEOUT_MS,
    sseDurationMs: SSE_DURATION_MS,
    adminToken: ADMIN_TOKEN,
  });
  return async () => {
    await Promise.all([journal.stop(), d1.stop()]);
  };
}

async function start(ackMode: "journal" | "d1") {
  const dataDirectory = await mkdtemp(join(tmpdir(), `headwater-${ackMode}-`));
  const server = await startServer({
    dataDirectory,
    variables: {
      ACK_MODE: ackMode,
      LONG_POLL_TIMEOUT_MS: String(LONG_POLL_TIMEOUT_MS),
      SSE_DURATION_MS: String(SSE_DURATION_MS),
      ADMIN_TOKEN,
    },
  });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
