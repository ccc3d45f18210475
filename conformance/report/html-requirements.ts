/** The requirements in the HTML report, section by section. */

import type { TestResult } from "../harness/result.ts";
import type { Report } from "./json.ts";
import { markup, type Markup } from "./markup.ts";
import { OPEN, renderBadge, renderTest, renderText } from "./html-tests.ts";
import { formatCounts, LEVELS, OUTCOMES, type RequirementResult } from "./requirement-results.ts";
import { formatSection, groupBySection } from "./section.ts";

/** Finds the result of a test. */
type Look = (suite: string, name: string) => TestResult | undefined;

export function renderRequirements(report: Report): Markup {
  const { requirements } = report;
  if (requirements.length === 0) {
    return markup`<h2 id="requirements">Requirements</h2>
<p class="soft">No suite was run that shows requirements.</p>`;
  }
  const sections = groupBySection(requirements);
  const look = toLook(report);
  return markup`<h2 id="requirements">Requirements</h2>
${renderFilter(requirements, sections)}
${sections.map(([section, items]) => renderSection(section, items, look))}`;
}

function toLook({ suites }: Report): Look {
  const bySuite = new Map(
    suites.map(({ suite, tests }) => [suite as string, new Map(tests.map((t) => [t.name, t]))]),
  );
  return (suite, name) => bySuite.get(suite)?.get(name);
}

function renderFilter(
  requirements: readonly RequirementResult[],
  sections: readonly (readonly [string, unknown])[],
): Markup {
  const levels = LEVELS.filter((level) => requirements.some((one) => one.level === level));
  const outcomes = OUTCOMES.filter((result) => requirements.some((one) => one.outcome === result));
  return markup`<form class="filter card" hidden>
${renderSelect("result", outcomes, (value) => value)}
${renderSelect("level", levels, (value) => value)}
${renderSelect(
  "section",
  sections.map(([section]) => section),
  formatSection,
)}
<span><output></output> shown</span></form>`;
}

function renderSelect(
  name: string,
  values: readonly string[],
  label: (value: string) => string,
): Markup {
  const options = values.map((value) => markup`<option value="${value}">${label(value)}</option>`);
  return markup`<label>${name} <select name="${name}"><option value="">all</option>${options}</select></label>`;
}

function renderSection(
  section: string,
  requirements: readonly RequirementResult[],
  look: Look,
): Markup {
  const summary = formatCounts(requirements);
  return markup`<section class="section"><h3 id="section-${section}">${formatSection(section)} <small>${summary}</small></h3>
<div class="card">${requirements.map((requirement) => renderRequirement(requirement, look))}</div></section>`;
}

function renderRequirement(requirement: RequirementResult, look: Look): Markup {
  const { id, section, level, text, outcome, tests } = requirement;
  return markup`<article class="requirement ${outcome}" id="${id}" data-result="${outcome}" data-level="${level}" data-section="${section}">
<div class="head"><a class="id" href="#${id}">${id}</a>${renderText(text)}<span class="level">${level}</span>${renderBadge(outcome)}</div>
${tests.length === 0 ? undefined : renderTests(requirement, look)}</article>`;
}

function renderTests({ id, outcome, tests }: RequirementResult, look: Look): Markup {
  const items = tests.map(({ suite, name }) => {
    const source = suite === "official" ? "official suite" : "own test";
    const label = suite === "official" ? name : name.replace(`${id} `, "");
    const result = look(suite, name);
    if (result !== undefined) return renderTest(result, label, source);
    return markup`<li>${renderBadge("not run")} ${renderText(label)} <span class="soft">${source}</span></li>`;
  });
  const count = tests.length === 1 ? "1 test" : `${tests.length} tests`;
  return markup`<div class="under"><details class="tests-of"${outcome === "failed" ? OPEN : undefined}>
<summary>${count}</summary><ul class="tests">${items}</ul></details></div>`;
}
