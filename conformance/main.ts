/** `npm run conformance`: tests a Durable Streams server and writes down what was found. */

import { randomInt } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../scripts/server.ts";
import { StartError } from "../scripts/start-error.ts";
import type { SuiteResult } from "./harness/result.ts";
import { ArgumentError, parseOptions, USAGE, type Settings } from "./options.ts";
import { probe } from "./probe.ts";
import { renderHtml } from "./report/html.ts";
import { formatJson, toReport, type Report } from "./report/json.ts";
import { Progress } from "./report/progress.ts";
import { toRequirementResults } from "./report/requirement-results.ts";
import { formatTable } from "./report/table.ts";
import { REQUIREMENTS } from "./requirements/catalogue.ts";
import { runSuites } from "./suites.ts";

const EXIT = { passed: 0, failed: 1, wrongArguments: 2, interrupted: 130 };

interface Target {
  readonly url: string;
  stop(): Promise<void>;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const settings = parseOptions(process.argv.slice(2), () => randomInt(0x7fff_ffff));
  if (settings === undefined) {
    console.log(USAGE);
    return EXIT.passed;
  }
  const target = await openTarget(settings);
  try {
    stopOnSignal(target);
    console.log(`Testing ${settings.name} at ${target.url} (seed ${settings.seed})`);
    const report = await test(settings, target.url);
    return report.verdict === "passed" ? EXIT.passed : EXIT.failed;
  } finally {
    await target.stop();
  }
}

async function openTarget(settings: Settings): Promise<Target> {
  if (settings.url === undefined) return startOwn(settings);
  const absent = await probe(settings.url);
  if (absent !== undefined) throw new ArgumentError(absent);
  return { url: settings.url, stop: async () => {} };
}

async function startOwn(settings: Settings): Promise<Target> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "headwater-conformance-"));
  const remove = () => rm(dataDirectory, { recursive: true, force: true });
  try {
    const server = await startServer({
      dataDirectory,
      variables: {
        ACK_MODE: settings.ackMode,
        LONG_POLL_TIMEOUT_MS: String(settings.longPollTimeoutMs),
        SSE_DURATION_MS: String(settings.sseDurationMs),
      },
    });
    return { url: server.url, stop: () => server.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

function stopOnSignal(target: Target): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // Miniflare listens too, and would exit before the data directory is removed.
    process.removeAllListeners(signal);
    process.once(signal, () => {
      void target.stop().finally(() => process.exit(EXIT.interrupted));
    });
  }
}

async function test(settings: Settings, url: string): Promise<Report> {
  const started = new Date();
  const start = performance.now();
  const suites = await runSuites({ ...settings, url }, new Progress(process.stdout));
  const report = toReport({
    name: settings.name,
    url,
    started,
    seconds: Math.round(performance.now() - start) / 1000,
    options: settings,
    suites,
    requirements: judge(suites),
  });
  console.log(`\n${formatTable(suites)}\n`);
  printFailures(report);
  await write(report, settings);
  return report;
}

/** Empty when no suite ran that shows a requirement: a list of what was not looked at tells nothing. */
function judge(suites: readonly SuiteResult[]) {
  const own = suites.find(({ suite }) => suite === "requirements");
  const official = suites.find(({ suite }) => suite === "official");
  if (own === undefined && official === undefined) return [];
  return toRequirementResults(REQUIREMENTS, own?.tests ?? [], official?.tests);
}

const FAILURES_SHOWN = 20;

function printFailures({ suites, bindingFailures }: Report): void {
  const failed = suites.flatMap(({ suite, tests }) =>
    tests.filter(({ status }) => status === "failed").map(({ name }) => `${suite}: ${name}`),
  );
  if (failed.length === 0) return;
  for (const line of failed.slice(0, FAILURES_SHOWN)) console.log(line);
  const left = failed.length - FAILURES_SHOWN;
  if (left > 0) console.log(`and ${left} more: see the report`);
  if (bindingFailures.length === 0) console.log("All of them show only a SHOULD or a MAY.");
  console.log();
}

async function write(report: Report, { reportDirectory }: Settings): Promise<void> {
  await mkdir(reportDirectory, { recursive: true });
  const base = join(reportDirectory, toFileName(report.name));
  const files = [
    [`${base}.json`, formatJson(report)],
    [`${base}.html`, renderHtml(report)],
  ] as const;
  for (const [file, text] of files) {
    await writeFile(file, text);
    console.log(`Report: ${file}`);
  }
}

/** A name is free text: what is no letter and no digit becomes a hyphen. */
function toFileName(name: string): string {
  const safe = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return safe === "" ? "report" : safe;
}

try {
  process.exit(await main());
} catch (error) {
  if (error instanceof ArgumentError) {
    console.error(error.message);
    console.error("npm run conformance -- --help lists the options.");
    process.exit(EXIT.wrongArguments);
  }
  if (!(error instanceof StartError)) throw error;
  for (const line of error.lines) console.error(line);
  process.exit(EXIT.failed);
}
