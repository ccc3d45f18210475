/**
 * The report for a person: one file that needs nothing else, and that reads without scripts.
 *
 * On top what the run says as a whole; then requirement by requirement; then what other tests found, and what was left
 * out. What the server sent is escaped (markup.ts), and a policy forbids every script but the filter's.
 */

import { createHash } from "node:crypto";
import type { SuiteName, TestResult } from "../harness/result.ts";
import { renderRequirements } from "./html-requirements.ts";
import { SCRIPT } from "./html-script.ts";
import { STYLE } from "./html-style.ts";
import { formatSeconds, OPEN, renderTest, renderText } from "./html-tests.ts";
import type { Report, SuiteReport } from "./json.ts";
import { markup, Markup } from "./markup.ts";
import { UNOBSERVABLE } from "../requirements/unobservable.ts";
import { countOutcomes, isBinding, OUTCOMES } from "./requirement-results.ts";

const SUITES: Readonly<Record<SuiteName, string>> = {
  official: "The official suite",
  requirements: "Requirements",
  differential: "Compared with the reference server",
  characterisation: "Under parallel load",
};

const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(SCRIPT).digest("base64")}'`;

export function renderHtml(report: Report): string {
  const { name, requirements } = report;
  const script = requirements.length === 0 ? undefined : new Markup(`<script>${SCRIPT}</script>`);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance of ${name}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body><main>
${renderHead(report)}
<div class="pair">${renderLevels(report)}${renderSuites(report)}</div>
${renderBroken(report)}
${renderRequirements(report)}
${renderFailures(report)}
${renderSkipped(report)}
${requirements.length === 0 ? undefined : renderUnobservable()}
<footer class="soft">MUST, MUST NOT and STATED (a rule that the protocol gives as a plain fact) bind a server;
SHOULD, SHOULD NOT and MAY do not make it fail. Skipped: the test found nothing to look at. Untested: no test ran.</footer>
</main>
${script}</body>
</html>
`.text;
}

function renderHead({ name, url, started, seconds, options, verdict, ...report }: Report): Markup {
  const { passed, failed, skipped } = report.totals;
  return markup`<header><h1>Conformance of ${name}</h1>
<p class="soft">Tested against the Durable Streams protocol.</p>
<div class="verdict card ${verdict}"><strong>${describeVerdict(report.bindingFailures.length, failed)}</strong>
${renderKept(report.requirements)}<p>${passed} tests passed, ${failed} failed, ${skipped} skipped.</p></div>
<dl class="facts"><dt>Server</dt><dd><code>${url}</code></dd>
<dt>Started</dt><dd>${started.replace("T", " ").replace(/\.\d+Z$/, " UTC")}, took ${formatSeconds(seconds)}</dd>
<dt>Seed</dt><dd>${options.seed}</dd>
<dt>Timing</dt><dd>long-poll ${options.longPollTimeoutMs} ms, SSE ${options.sseDurationMs} ms</dd></dl></header>`;
}

function describeVerdict(binding: number, failed: number): string {
  if (failed === 0) return "No test failed.";
  if (binding === 0) return "Only recommendations (SHOULD, MAY) are not followed.";
  return binding === 1
    ? "1 test of a binding rule failed."
    : `${binding} tests of binding rules failed.`;
}

/** The one number that most readers want. */
function renderKept(requirements: Report["requirements"]): Markup | undefined {
  const binding = requirements.filter(({ level }) => isBinding(level));
  if (binding.length === 0) return undefined;
  const { passed, failed, skipped, untested } = countOutcomes(binding);
  return markup`<p>Of ${binding.length} binding requirements ${passed} are kept and ${failed} are not;
${skipped + untested} could not be told.</p>`;
}

function renderLevels({ levels }: Report): Markup | undefined {
  if (levels.length === 0) return undefined;
  const rows = levels.map(
    ({ level, counts }) =>
      markup`<tr><th scope="row">${level}</th>${OUTCOMES.map((outcome) => renderCount(counts[outcome], outcome))}</tr>`,
  );
  return renderTable("Requirements by level", ["level", ...OUTCOMES], rows);
}

function renderSuites({ suites }: Report): Markup {
  const rows = suites.map(
    ({ suite, passed, failed, skipped, seconds }) =>
      markup`<tr><th scope="row">${suite}</th>${renderCount(passed)}${renderCount(failed, "failed")}${renderCount(skipped)}<td>${formatSeconds(seconds)}</td></tr>`,
  );
  return renderTable("Tests by suite", ["suite", "passed", "failed", "skipped", "time"], rows);
}

function renderTable(caption: string, head: readonly string[], rows: readonly Markup[]): Markup {
  return markup`<div class="card"><table><caption>${caption}</caption>
<thead><tr>${head.map((cell) => markup`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function renderCount(count: number, kind = ""): Markup {
  return markup`<td class="${count === 0 ? "zero" : kind}">${count}</td>`;
}

/** The failed requirements at a glance, those that bind first. */
function renderBroken({ requirements }: Report): Markup | undefined {
  const failed = requirements.filter(({ outcome }) => outcome === "failed");
  if (failed.length === 0) return undefined;
  const sorted = failed.toSorted((a, b) => Number(isBinding(b.level)) - Number(isBinding(a.level)));
  const items = sorted.map(
    ({ id, level, text }) =>
      markup`<li><a class="id" href="#${id}">${id}</a> <span class="level">${level}</span> ${renderText(text)}</li>`,
  );
  return markup`<h2>Not kept</h2><div class="card padded"><ul class="broken">${items}</ul></div>`;
}

/** Failed tests that are not shown with a requirement. */
function renderFailures({ suites, requirements }: Report): Markup | undefined {
  const shown = new Set(
    requirements.flatMap(({ tests }) => tests.map(({ suite, name }) => `${suite} ${name}`)),
  );
  const lists = suites.map((suite) =>
    renderList(suite, "failed", (test) => !shown.has(`${suite.suite} ${test.name}`)),
  );
  const found = lists.filter((list) => list !== undefined);
  if (found.length === 0) return undefined;
  return markup`<h2 id="failures">Other tests that failed</h2>${found}`;
}

function renderSkipped({ suites }: Report): Markup | undefined {
  const lists = suites.map((suite) => renderList(suite, "skipped", () => true));
  const found = lists.filter((list) => list !== undefined);
  if (found.length === 0) return undefined;
  return markup`<h2 id="skipped">Skipped tests</h2>${found}`;
}

function renderList(
  { suite, tests }: SuiteReport,
  status: "failed" | "skipped",
  isWanted: (test: TestResult) => boolean,
): Markup | undefined {
  const wanted = tests.filter((test) => test.status === status && isWanted(test));
  if (wanted.length === 0) return undefined;
  return markup`<details${status === "failed" ? OPEN : undefined}><summary>${SUITES[suite]}: ${wanted.length}</summary>
<div class="card padded"><ul class="tests">${wanted.map((test) => renderTest(test, test.name))}</ul></div></details>`;
}

function renderUnobservable(): Markup {
  const items = UNOBSERVABLE.map(
    ({ section, level, text, reason }) =>
      markup`<li><span class="id">§${section}</span> <span class="level">${level}</span> ${renderText(text)}
<p class="soft">${renderText(reason)}</p></li>`,
  );
  return markup`<h2>What cannot be seen over HTTP</h2>
<details><summary>Rules for servers without a test, and why: ${items.length}</summary>
<div class="card padded"><ul class="broken">${items}</ul></div></details>`;
}
