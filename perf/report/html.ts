/** The report for a person: one file that needs nothing else, with plots of every distribution and of growth. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { markup, Markup } from "../../conformance/report/markup.ts";
import type { SeriesResult, WorkloadResult } from "../measure.ts";
import { bills, formatCount, formatDollars } from "./costs.ts";
import { COUNT_NAMES } from "../cost/counts.ts";
import { PRICES_DATE } from "../cost/prices.ts";
import { plotsOf } from "./plots.ts";
import type { Report } from "./report.ts";
import { SCRIPT } from "./html-script.ts";
import { STYLE } from "./html-style.ts";
import { BASES, compare, formatRatio, formatValue } from "./table.ts";

const PLOTTING = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));

function asset(name: string): string {
  return readFileSync(join(PLOTTING, "dist", name), "utf8");
}

export function renderHtml(report: Report): string {
  const library = asset("uPlot.iife.min.js");
  const plots = report.workloads.map(plotsOf);
  // No tag can end the script early: a plot's data holds no markup, and this makes sure of it.
  const data = JSON.stringify(plots).replaceAll("<", "\\u003c");
  const scripts = [library, `const PLOTS = ${data};`, SCRIPT];
  const hashes = scripts.map((s) => `'sha256-${createHash("sha256").update(s).digest("base64")}'`);
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes.join(" ")}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Performance of Headwater</title>
<style>${new Markup(asset("uPlot.min.css"))}${new Markup(STYLE)}</style>
</head>
<body><main>
${renderHead(report)}
${report.workloads.map((workload, i) => renderWorkload(workload, plots[i]?.length ?? 0, i))}
${report.costs.length === 0 ? undefined : renderCosts(report)}
</main>
${scripts.map((script) => new Markup(`<script>${script}</script>`))}</body>
</html>
`.text;
}

function renderHead({ started, seconds, command, smoke, runs, machine }: Report): Markup {
  const facts = Object.entries(machine).map(
    ([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`,
  );
  const warning = smoke
    ? markup`<p class="warning">A smoke run: the figures mean nothing.</p>`
    : undefined;
  return markup`<header><h1>Performance of Headwater</h1>${warning}
<p class="soft">${started.replace("T", " ").replace(/\.\d+Z$/, " UTC")}, ${Math.round(seconds)} s,
${runs} slices per workload and target, the targets in turn. Ratios are medians of the ratios slice by slice.</p>
<pre>${command}</pre>
<dl class="facts">${facts}</dl></header>`;
}

function renderWorkload({ title, series }: WorkloadResult, plots: number, index: number): Markup {
  const places = Array.from(
    { length: plots },
    (_, i) => markup`<div class="plot" id="plot-${index}-${i}"></div>`,
  );
  return markup`<section><h2>${title}</h2>
<div class="card"><table><thead><tr><th>series</th><th>target</th><th>median</th><th>p95</th><th>p99</th>
<th>to the floor</th><th>to files</th><th>to memory</th></tr></thead>
<tbody>${series.flatMap(renderRows)}</tbody></table></div>
<div class="plots">${places}</div></section>`;
}

function renderRows({ title, unit, measured }: SeriesResult): Markup[] {
  return measured.map((row) => {
    const { median, p95, p99 } = row.summary;
    const ratios = Object.values(BASES).map(
      (base) => markup`<td>${formatRatio(compare(measured, row, base))}</td>`,
    );
    return markup`<tr class="${row.target}"><td>${title}, ${unit}</td><td>${row.target}</td>
<td>${formatValue(median)}</td><td>${formatValue(p95)}</td><td>${formatValue(p99)}</td>${ratios}</tr>`;
  });
}

function renderCosts({ costs }: Report): Markup {
  const rows = costs.map(
    ({ title, counts }) =>
      markup`<tr><td>${title}</td>${COUNT_NAMES.map((name) => markup`<td>${formatCount(counts[name])}</td>`)}</tr>`,
  );
  const money = bills(costs).map(
    ({ title, dollars }) => markup`<tr><td>${title}</td><td>${formatDollars(dollars)}</td></tr>`,
  );
  return markup`<section><h2>Cost</h2>
<div class="card"><table><thead><tr><th>per operation</th><th>Worker requests</th><th>object requests</th>
<th>object rows read</th><th>rows written</th><th>D1 rows read</th><th>rows written</th><th>R2 class A</th>
<th>R2 class B</th></tr></thead><tbody>${rows}</tbody></table></div>
<div class="card"><table><thead><tr><th>at the prices of ${PRICES_DATE}</th><th>US dollars</th></tr></thead>
<tbody>${money}</tbody></table></div></section>`;
}
