import { describe, expect, it } from "vitest";
import { renderMatrix, type Delta } from "./matrix.ts";
import { sampleResults, SUITES } from "./sample.ts";

const DELTAS: readonly Delta[] = [
  { id: "no-content", section: "5.2", reason: "Browsers send | none." },
];

const slower = SUITES.map((suite) => ({
  ...suite,
  seconds: suite.seconds * 2,
  tests: suite.tests.map((test) => ({ ...test, seconds: test.seconds * 2 })).toReversed(),
}));

function render(deltas = DELTAS): string {
  const modes = [
    { name: "journal", results: sampleResults() },
    { name: "d1", results: sampleResults([]) },
  ];
  return renderMatrix({ modes, deltas });
}

describe("the page of the requirements", () => {
  it("is the same for the same results, whatever their order and time", () => {
    const page = (suites = SUITES) =>
      renderMatrix({ modes: [{ name: "journal", results: sampleResults(suites) }], deltas: [] });
    expect(page(slower)).toBe(page());
  });

  it("counts by level and mode", () => {
    expect(render()).toContain("| MUST NOT | 1 | 1 failed | 1 untested |");
    expect(render()).toContain(
      "| all | 4 | 1 passed, 1 failed, 1 skipped, 1 untested | 4 untested |",
    );
  });

  it("shows a requirement with its tests and its results, escaped", () => {
    expect(render()).toContain(
      "| 5.2-02 | MUST NOT | A wrong `Content-Type` \\| &lt;b> is not taken. | answers 409<br>keeps the stream" +
        "<details><summary>official: 2 tests</summary>Append > refuses a type<br>Append > is \\*not\\* run</details>" +
        " | **failed** | untested |",
    );
  });

  it("lists the intended differences, and what is untested in every mode", () => {
    expect(render()).toContain("| no-content | §5.2 | Browsers send \\| none. |");
    expect(render()).toContain("## Untested requirements\n\n- 5.10-01 (MAY): A section that");
    expect(render([])).toContain("## Intended differences from the reference server\n\nNone.");
  });

  it("ends with one newline", () => {
    expect(render()).toMatch(/[^\n]\n$/);
  });
});
