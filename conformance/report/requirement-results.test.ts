import { describe, expect, it } from "vitest";
import type { Level } from "../harness/requirement.ts";
import type { Status, TestResult } from "../harness/result.ts";
import {
  countByLevel,
  findBindingFailures,
  toRequirementResults,
  type Judged,
  type Outcome,
} from "./requirement-results.ts";
import { sampleResults } from "./sample.ts";

const run = async () => {};

function requirement(level: Level = "MUST"): Judged {
  return { id: "5.2-01", level, text: "", official: ["A > b"], tests: { one: run, two: run } };
}

function results(statuses: Readonly<Record<string, Status>>): TestResult[] {
  return Object.entries(statuses).map(([name, status]) => ({ name, status, seconds: 0 }));
}

describe("the result of a requirement", () => {
  const cases: readonly [Outcome, own: Record<string, Status>, official: Record<string, Status>][] =
    [
      ["untested", {}, {}],
      ["untested", { "5.2-02 one": "passed" }, { "A > c": "passed" }],
      ["passed", { "5.2-01 one": "passed" }, {}],
      ["passed", {}, { "A > b": "passed" }],
      ["passed", { "5.2-01 one": "passed", "5.2-01 two": "skipped" }, {}],
      ["passed", { "5.2-01 one": "skipped" }, { "A > b": "passed" }],
      ["failed", { "5.2-01 one": "passed", "5.2-01 two": "failed" }, {}],
      ["failed", { "5.2-01 one": "passed" }, { "A > b": "failed" }],
      ["skipped", { "5.2-01 one": "skipped" }, {}],
      ["skipped", {}, { "A > b": "skipped" }],
    ];

  it.each(cases)("is %s for %j and %j of the official suite", (outcome, own, official) => {
    const [result] = toRequirementResults([requirement()], results(own), results(official));
    expect(result?.outcome).toBe(outcome);
  });

  it("tells which of its tests were run", () => {
    const own = results({ "5.2-01 two": "passed" });
    const [result] = toRequirementResults([requirement()], own);
    expect(result?.section).toBe("5.2");
    expect(result?.tests).toEqual([
      { suite: "requirements", name: "5.2-01 one", status: "not run" },
      { suite: "requirements", name: "5.2-01 two", status: "passed" },
      { suite: "official", name: "A > b", status: "not run" },
    ]);
  });
});

describe("the results of all requirements", () => {
  it("stand in the order of the text", () => {
    expect(sampleResults().map(({ id }) => id)).toEqual(["5.2-01", "5.2-02", "5.8-01", "5.10-01"]);
    const ids = ["10.1-01", "5.2.1-01", "5-02", "5.2-10", "5.2-09"];
    const requirements = ids.map((id) => ({ ...requirement(), id }));
    expect(toRequirementResults(requirements, []).map(({ id }) => id)).toEqual([
      "5-02",
      "5.2-09",
      "5.2-10",
      "5.2.1-01",
      "10.1-01",
    ]);
  });

  it("are counted by level, the strongest first", () => {
    const counts = { passed: 0, failed: 0, skipped: 0, untested: 0 };
    expect(countByLevel(sampleResults())).toEqual([
      { level: "MUST", counts: { ...counts, passed: 1 } },
      { level: "MUST NOT", counts: { ...counts, failed: 1 } },
      { level: "SHOULD", counts: { ...counts, skipped: 1 } },
      { level: "MAY", counts: { ...counts, untested: 1 } },
    ]);
  });
});

describe("a failed test", () => {
  const cases: readonly [
    name: string,
    Level,
    suite: "official" | "requirements",
    binds: boolean,
  ][] = [
    ["5.2-01 one", "MUST", "requirements", true],
    ["5.2-01 one", "MUST NOT", "requirements", true],
    ["5.2-01 one", "STATED", "requirements", true],
    ["5.2-01 one", "SHOULD", "requirements", false],
    ["5.2-01 one", "SHOULD NOT", "requirements", false],
    ["5.2-01 one", "MAY", "requirements", false],
    ["A > b", "MUST", "official", true],
    ["A > b", "SHOULD", "official", false],
    ["A > not named", "SHOULD", "official", true],
  ];

  it.each(cases)("%s of a %s in %s makes the server fail: %s", (name, level, suite, binds) => {
    const suites = [{ suite, seconds: 0, tests: results({ [name]: "failed" }) }];
    const judged = toRequirementResults([requirement(level)], []);
    expect(findBindingFailures(suites, judged)).toEqual(binds ? [{ suite, name }] : []);
  });

  it("makes the server fail in a suite that shows no requirement", () => {
    const tests = results({ x: "failed", y: "passed", z: "skipped" });
    const suites = [{ suite: "differential" as const, seconds: 0, tests }];
    expect(findBindingFailures(suites, [])).toEqual([{ suite: "differential", name: "x" }]);
  });
});
