/** Which requirements a server keeps, from the results of the tests that show them. */

import { formatTestName, type Level, type Requirement } from "../harness/requirement.ts";
import type { Status, SuiteResult, TestResult } from "../harness/result.ts";
import { compareIds, sectionOf } from "./section.ts";

/** Untested: no test that shows it was run. */
export type Outcome = Status | "untested";

export const OUTCOMES: readonly Outcome[] = ["passed", "failed", "skipped", "untested"];

export const LEVELS: readonly Level[] = [
  "MUST",
  "MUST NOT",
  "STATED",
  "SHOULD",
  "SHOULD NOT",
  "MAY",
];

export interface ShownBy {
  readonly suite: "requirements" | "official";
  /** As in its suite's results. */
  readonly name: string;
  readonly status: Status | "not run";
}

export interface RequirementResult {
  readonly id: string;
  readonly section: string;
  readonly level: Level;
  readonly text: string;
  readonly outcome: Outcome;
  /** Our own tests first. */
  readonly tests: readonly ShownBy[];
}

/** What is judged: only the suite's own fields are looked at. */
export type Judged = Pick<Requirement, "id" | "level" | "text" | "official" | "tests">;

/** A broken SHOULD or MAY is told, and does not make a server fail. */
export function isBinding(level: Level): boolean {
  return level === "MUST" || level === "MUST NOT" || level === "STATED";
}

/**
 * One failed test breaks a requirement, and one passed test is enough to show it when the others were skipped.
 *
 * @returns in the order of the text
 */
export function toRequirementResults(
  requirements: readonly Judged[],
  own: readonly TestResult[],
  official: readonly TestResult[] = [],
): RequirementResult[] {
  const statuses = { requirements: toStatuses(own), official: toStatuses(official) };
  const look = (suite: ShownBy["suite"], name: string): ShownBy => {
    return { suite, name, status: statuses[suite].get(name) ?? "not run" };
  };
  return requirements
    .map(({ id, level, text, tests, official: names = [] }) => {
      const shownBy = [
        ...Object.keys(tests).map((name) => look("requirements", formatTestName(id, name))),
        ...names.map((name) => look("official", name)),
      ];
      const outcome = toOutcome(shownBy);
      return { id, section: sectionOf(id), level, text, outcome, tests: shownBy };
    })
    .toSorted((a, b) => compareIds(a.id, b.id));
}

function toStatuses(results: readonly TestResult[]): ReadonlyMap<string, Status> {
  return new Map(results.map(({ name, status }) => [name, status]));
}

function toOutcome(tests: readonly ShownBy[]): Outcome {
  const has = (status: Status) => tests.some((test) => test.status === status);
  if (has("failed")) return "failed";
  if (has("passed")) return "passed";
  return has("skipped") ? "skipped" : "untested";
}

export type Counts = Readonly<Record<Outcome, number>>;

export function countOutcomes(results: readonly { readonly outcome: Outcome }[]): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0, untested: 0 };
  for (const { outcome } of results) counts[outcome] += 1;
  return counts;
}

/** `49 passed, 2 failed`: what there is none of is left out. */
export function formatCounts(results: readonly { readonly outcome: Outcome }[]): string {
  const counts = countOutcomes(results);
  return OUTCOMES.filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcome}`)
    .join(", ");
}

/** The levels that occur, in the order of their strength. */
export function countByLevel(
  results: readonly RequirementResult[],
): readonly { readonly level: Level; readonly counts: Counts }[] {
  return LEVELS.flatMap((level) => {
    const ofLevel = results.filter((result) => result.level === level);
    return ofLevel.length === 0 ? [] : [{ level, counts: countOutcomes(ofLevel) }];
  });
}

/**
 * The failed tests that make the server fail: all but those that show nothing else than a SHOULD or a MAY. A test of the
 * official suite that no requirement names counts.
 */
export function findBindingFailures(
  suites: readonly SuiteResult[],
  results: readonly RequirementResult[],
): { readonly suite: SuiteResult["suite"]; readonly name: string }[] {
  return suites.flatMap(({ suite, tests }) =>
    tests
      .filter(({ status }) => status === "failed")
      .filter(({ name }) => {
        const shown = results.filter((result) =>
          result.tests.some((test) => test.suite === suite && test.name === name),
        );
        return shown.length === 0 || shown.some(({ level }) => isBinding(level));
      })
      .map(({ name }) => ({ suite, name })),
  );
}
