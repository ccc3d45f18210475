/** `npm run perf:docs [-- DIR]`: puts the last run into docs/performance.md, below what is written there by hand. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkBudgets, renderVerdicts } from "./budgets.ts";
import { renderCosts } from "./report/costs.ts";
import type { Report } from "./report/report.ts";
import { renderWorkload } from "./report/table.ts";

const FILE = join(import.meta.dirname, "../docs/performance.md");
const MARK = "<!-- What follows is written by npm run perf:docs. -->";
const SECONDS_PER_MINUTE = 60;

function renderRun(report: Report): string {
  const { started, seconds, command, machine, runs, workloads, costs } = report;
  const facts = {
    started,
    took: `${Math.round(seconds / SECONDS_PER_MINUTE)} minutes, ${runs} slices a workload and target`,
    command,
    ...machine,
  };
  const head = Object.entries(facts).map(([name, value]) => `| ${name} | ${value} |`);
  const text = [
    ...workloads.map((workload) => renderWorkload(workload)),
    renderVerdicts(checkBudgets(workloads)),
    ...(costs.length > 0 ? [renderCosts(costs)] : []),
  ];
  return [
    "## The last full run",
    "",
    "| | |",
    "| --- | --- |",
    ...head,
    "",
    "```text",
    text.join("\n").trim(),
    "```",
    "",
  ].join("\n");
}

const directory = process.argv[2] ?? ".perf";
const report = JSON.parse(await readFile(join(directory, "perf.json"), "utf8")) as Report;
if (report.smoke) throw new Error("A smoke run's figures mean nothing: run npm run perf first.");
const page = await readFile(FILE, "utf8");
const [byHand] = page.split(MARK);
await writeFile(FILE, `${byHand ?? ""}${MARK}\n\n${renderRun(report)}`);
console.log(`Written: ${FILE}`);
