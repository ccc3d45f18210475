/** `npm run perf`: measures, counts, compares, and writes down what was found. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { countCosts } from "./cost/count.ts";
import { checkBudgets, renderVerdicts } from "./budgets.ts";
import { describeMachine } from "./machine.ts";
import { measure, type WorkloadResult } from "./measure.ts";
import { ArgumentError, parseOptions, USAGE, type Settings, type TargetName } from "./options.ts";
import { renderCosts } from "./report/costs.ts";
import { renderHtml } from "./report/html.ts";
import type { Report } from "./report/report.ts";
import { renderWorkload } from "./report/table.ts";
import { openOther, startOwn, startReference, type Target } from "./targets.ts";
import { FULL, SMOKE, type Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads/all.ts";

const EXIT = { done: 0, overBudget: 1, wrongArguments: 2 };

const START: Readonly<Record<TargetName, () => Promise<Target>>> = {
  headwater: () => startOwn({ name: "headwater", kind: "headwater" }),
  "headwater-d1": () =>
    startOwn({ name: "headwater-d1", kind: "headwater-d1", variables: { ACK_MODE: "d1" } }),
  "reference-memory": () => startReference("reference-memory", false),
  "reference-files": () => startReference("reference-files", true),
  floor: () => startOwn({ name: "floor", kind: "floor", entry: "perf/workers/floor.ts" }),
};

/** @returns the exit code */
async function main(): Promise<number> {
  const action = parseOptions(process.argv.slice(2));
  if (action.kind === "help") {
    console.log(USAGE);
    return EXIT.done;
  }
  if (action.kind === "list") {
    for (const { id, title } of WORKLOADS) console.log(`${id.padEnd(22)} ${title}`);
    return EXIT.done;
  }
  return run(action.settings);
}

/** @returns the exit code */
async function run(settings: Settings): Promise<number> {
  const workloads = chooseWorkloads(settings);
  const startedMs = Date.now();
  const results = await measureAll(settings, workloads);
  const costs = settings.cost ? await countCosts(settings.smoke) : [];
  const report: Report = {
    started: new Date(startedMs).toISOString(),
    seconds: (Date.now() - startedMs) / 1_000,
    command: ["npm run perf --", ...process.argv.slice(2)].join(" "),
    smoke: settings.smoke,
    runs: settings.runs,
    machine: describeMachine(),
    workloads: results,
    costs,
  };
  if (costs.length > 0) console.log(renderCosts(costs));
  await writeReports(settings, report);
  if (!settings.check) return EXIT.done;
  const verdicts = checkBudgets(results);
  console.log(renderVerdicts(verdicts));
  return verdicts.some(({ state }) => state === "exceeded") ? EXIT.overBudget : EXIT.done;
}

function chooseWorkloads({ only }: Settings): readonly Workload[] {
  if (only === undefined) return WORKLOADS;
  const chosen = WORKLOADS.filter(({ id }) => only.some((name) => id.startsWith(name)));
  if (chosen.length > 0) return chosen;
  throw new ArgumentError(`--only names no workload; --list shows them.`);
}

async function measureAll(
  settings: Settings,
  workloads: readonly Workload[],
): Promise<WorkloadResult[]> {
  const { runs, warmUps, smoke } = settings;
  const targets: Target[] = [];
  try {
    for (const name of settings.targets) targets.push(await START[name]());
    for (const { name, url } of settings.others) targets.push(openOther(name, url));
    const results: WorkloadResult[] = [];
    for (const workload of workloads) {
      const result = await measure(workload, targets, {
        runs,
        warmUps,
        scale: smoke ? SMOKE : FULL,
      });
      console.log(renderWorkload(result));
      results.push(result);
    }
    return results;
  } finally {
    await Promise.all(targets.map((target) => target.stop()));
  }
}

async function writeReports({ reportDirectory }: Settings, report: Report): Promise<void> {
  await mkdir(reportDirectory, { recursive: true });
  const json = join(reportDirectory, "perf.json");
  const html = join(reportDirectory, "perf.html");
  await writeFile(json, `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(html, renderHtml(report));
  console.log(`\nReports: ${html}, ${json}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = EXIT.wrongArguments;
}
