/**
 * The page of the requirements, `docs/conformance.md`, from the results of each mode of our server.
 *
 * The same results give the same page: no dates, no durations, no addresses.
 */

import type { Level } from "../harness/requirement.ts";
import {
  formatCounts,
  LEVELS,
  type RequirementResult,
  type ShownBy,
} from "./requirement-results.ts";
import { UNOBSERVABLE } from "../requirements/unobservable.ts";
import { compareIds, formatSection, groupBySection } from "./section.ts";

/** Where our server differs from the reference server on purpose. */
export interface Delta {
  readonly id: string;
  /** That demands or allows what ours does. */
  readonly section: string;
  readonly reason: string;
}

export interface Mode {
  /** `journal` or `d1`. */
  readonly name: string;
  /** Every mode has the same requirements. */
  readonly results: readonly RequirementResult[];
}

export interface Matrix {
  readonly modes: readonly Mode[];
  readonly deltas: readonly Delta[];
}

const INTRODUCTION = `# Conformance

What the Durable Streams Protocol asks of a server, requirement by requirement, and what shows that Headwater keeps it.
This page is written by \`npm run conformance:docs\`: a change by hand is lost.

Four suites look at a server:

- **official**: the protocol's own, npm \`@durable-streams/server-conformance-tests\`.
- **requirements**: every MUST, MUST NOT, SHOULD and SHOULD NOT of the text that a server can be seen to keep, each with
  an id and a test over plain HTTP. Subscriptions (sections 6 and 7) are not among them.
- **differential**: the same generated sequences of requests against the server and the reference server, npm
  \`@durable-streams/server\`. Offsets are compared by their order and by what they read, never by their text.
- **characterisation**: readers and writers in parallel for a bounded time; every response is recorded, and the history
  is checked afterwards.

That the suites can fail is tested as well: servers that are wrong on purpose, each in one rule, must be found by the
requirements that they break (\`conformance/mutation/\`).`;

const HOW_TO = `## How to run it

\`\`\`sh
npm run conformance                                     # starts Headwater on a free port and tests it
npm run conformance -- --ack-mode d1                    # the same, with ACK_MODE=d1
npm run conformance -- --url http://127.0.0.1:4437      # any server, at its address
npm run conformance -- --url … --only requirements      # one suite, or several
npm run conformance -- --runs 5000 --load 60000         # looks further: sequences, and milliseconds of load
npm run conformance -- --help
\`\`\`

A server at an address is tested for the timing that it has: say it with \`--long-poll-timeout\` and \`--sse-duration\`
(milliseconds) when a long-poll does not last 30 seconds, or an SSE connection not 60. Streams are made below
\`/v1/stream/\`. At the end there are a table, a JSON file and an HTML file, which shows for every failure what was sent
and what came back. The exit code is 1 when a test failed that shows more than a SHOULD or a MAY, and 2 for wrong
arguments. The differential suite knows the differences that Headwater means; those of another server show as failures
to look at.

\`npm test\` runs all four against both acknowledgement modes, with fixed seeds. A new requirement is an entry in
\`conformance/requirements/\`: an id, a level, a sentence and a test.

## How to read it

- **Id**: the section of the protocol and a number within it. An id is never given to another requirement.
- **Level**: the keyword of the text. STATED is a rule that the text gives as a plain fact; it binds like a MUST.
- **Shown by**: the tests that fail when a server does not keep it: our own, and those of the official suite.
- **Result**, for each acknowledgement mode: passed when a test passed and none failed; failed when one failed; skipped
  when its tests found nothing to look at; untested when no test ran.`;

/** @returns Markdown */
export function renderMatrix({ modes, deltas }: Matrix): string {
  const [first] = modes;
  if (first === undefined) throw new Error("A matrix needs at least one mode.");
  const rows = groupBySection(first.results);
  const cells = toCells(modes);
  return [
    INTRODUCTION,
    renderSummary(modes),
    HOW_TO,
    "## Requirements",
    ...rows.map(([section, results]) => renderSection(section, results, modes, cells)),
    renderUntested(modes),
    renderUnobservable(),
    renderDeltas(deltas),
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

type Cells = (id: string) => readonly string[];

/** The results of a requirement, one for each mode. */
function toCells(modes: readonly Mode[]): Cells {
  const outcomes = modes.map(({ results }) => new Map(results.map((one) => [one.id, one.outcome])));
  return (id) =>
    outcomes.map((ofMode) => {
      const outcome = ofMode.get(id) ?? "untested";
      return outcome === "failed" ? "**failed**" : outcome;
    });
}

function renderSummary(modes: readonly Mode[]): string {
  const head = ["Level", "Requirements", ...modes.map(({ name }) => name)];
  const levels = LEVELS.filter((level) => modes[0]?.results.some((one) => one.level === level));
  const rows = levels.map((level) => [level, ...countRow(modes, level)]);
  const all = ["all", ...countRow(modes, undefined)];
  return `## Summary\n\n${renderTable(head, [...rows, all])}`;
}

function countRow(modes: readonly Mode[], level: Level | undefined): string[] {
  const ofLevel = modes.map(({ results }) =>
    results.filter((one) => level === undefined || one.level === level),
  );
  return [String(ofLevel[0]?.length ?? 0), ...ofLevel.map(formatCounts)];
}

function renderSection(
  section: string,
  results: readonly RequirementResult[],
  modes: readonly Mode[],
  cells: Cells,
): string {
  const head = ["Id", "Level", "Requirement", "Shown by", ...modes.map(({ name }) => name)];
  const rows = results.map(({ id, level, text, tests }) => {
    return [id, level, escapeCell(text), renderTests(id, tests), ...cells(id)];
  });
  return `### ${formatSection(section)}\n\n${renderTable(head, rows)}`;
}

function renderTests(id: string, tests: readonly ShownBy[]): string {
  const own = tests.filter(({ suite }) => suite === "requirements");
  const official = tests.filter(({ suite }) => suite === "official");
  const names = own.map(({ name }) => escapeCell(name.replace(`${id} `, "")));
  if (official.length > 0) {
    const count = official.length === 1 ? "1 test" : `${official.length} tests`;
    const list = official.map(({ name }) => escapeCell(name)).join("<br>");
    names.push(`<details><summary>official: ${count}</summary>${list}</details>`);
  }
  return names.length === 0 ? "none" : names.join("<br>").replace("<br><details>", "<details>");
}

function renderDeltas(deltas: readonly Delta[]): string {
  const title = "## Intended differences from the reference server";
  if (deltas.length === 0) return `${title}\n\nNone.`;
  const rows = deltas.map(({ id, section, reason }) => [id, `§${section}`, escapeCell(reason)]);
  return `${title}\n\n${renderTable(["Difference", "Section", "Reason"], rows)}`;
}

function renderUnobservable(): string {
  const rows = UNOBSERVABLE.map(({ section, level, text, reason }) => {
    return [`§${section}`, level, escapeCell(text), escapeCell(reason)];
  });
  const head = ["Section", "Level", "Rule", "Why there is no test"];
  return `## What cannot be seen over HTTP\n\n${renderTable(head, rows)}`;
}

/** Those that no mode shows. */
function renderUntested(modes: readonly Mode[]): string {
  const title = "## Untested requirements";
  const untested = (modes[0]?.results ?? []).filter(({ id }) =>
    modes.every(({ results }) =>
      results.some((one) => one.id === id && one.outcome === "untested"),
    ),
  );
  if (untested.length === 0) return `${title}\n\nNone.`;
  const lines = untested
    .toSorted((a, b) => compareIds(a.id, b.id))
    .map(({ id, level, text }) => `- ${id} (${level}): ${escapeCell(text)}`);
  return `${title}\n\n${lines.join("\n")}`;
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Text for a cell of a table. Code in backticks stays code; a bar is escaped there, too, as GitHub wants it. */
function escapeCell(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .split(/(`[^`]+`)/)
    .map((part, index) => (index % 2 === 1 ? part : escapeText(part)))
    .join("")
    .replaceAll("|", "\\|");
}

function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\*_[\]`]/g, (character) => `\\${character}`);
}
