/**
 * Servers of their own for tests that do something to readers who wait. There a wait lasts longer than any test: what
 * ends it is what was done, however long a busy machine took for that.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startServer, type Server } from "../../scripts/server.ts";

const VARIABLES = { LONG_POLL_TIMEOUT_MS: "120000", SSE_DURATION_MS: "120000" };

/** Serves while the tests of a `describe` run. Answers what tells where. */
export function servePatiently(ackMode: string): () => string {
  let server: Server | undefined;
  let dataDirectory = "";
  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), "headwater-patient-"));
    server = await startServer({ dataDirectory, variables: { ...VARIABLES, ACK_MODE: ackMode } });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  });
  return () => server?.url ?? "";
}
