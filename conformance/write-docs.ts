/**
 * `npm run conformance:docs`: writes `docs/conformance.md` from runs of the official and the requirement suite against
 * our server, in both acknowledgement modes.
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../scripts/server.ts";
import { DELTAS } from "./differential/deltas.ts";
import { runOfficial } from "./official/suite.ts";
import { renderMatrix, type Mode } from "./report/matrix.ts";
import { Progress } from "./report/progress.ts";
import { toRequirementResults } from "./report/requirement-results.ts";
import { REQUIREMENTS } from "./requirements/catalogue.ts";
import { runRequirements } from "./requirements/suite.ts";

const FILE = join(import.meta.dirname, "../docs/conformance.md");
const LONG_POLL_TIMEOUT_MS = 1_000;
const SSE_DURATION_MS = 6_000;

async function runMode(name: "journal" | "d1"): Promise<Mode> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "headwater-docs-"));
  const server = await startServer({
    dataDirectory,
    variables: {
      ACK_MODE: name,
      LONG_POLL_TIMEOUT_MS: String(LONG_POLL_TIMEOUT_MS),
      SSE_DURATION_MS: String(SSE_DURATION_MS),
    },
  });
  const target = {
    url: server.url,
    longPollTimeoutMs: LONG_POLL_TIMEOUT_MS,
    sseDurationMs: SSE_DURATION_MS,
  };
  const progress = new Progress(process.stdout);
  try {
    progress.begin("official");
    const official = await runOfficial({
      ...target,
      subscriptions: false,
      onTest: progress.onTest,
    });
    progress.end();
    progress.begin("requirements");
    const own = await runRequirements(target, progress.onTest);
    progress.end();
    return { name, results: toRequirementResults(REQUIREMENTS, own.tests, official.tests) };
  } finally {
    await server.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

const modes = [await runMode("journal"), await runMode("d1")];
await writeFile(FILE, renderMatrix({ modes, deltas: DELTAS }));
console.log(`Written: ${FILE}`);
process.exit(0);
