import { describe, expect, it } from "vitest";
import type { TestResult } from "../harness/result.ts";
import { formatJson } from "./json.ts";
import { Progress } from "./progress.ts";
import { sampleReport, SUITES } from "./sample.ts";
import { formatTable } from "./table.ts";

describe("the table", () => {
  it("has a line for each suite, and one for all", () => {
    expect(formatTable(SUITES)).toBe(
      [
        "suite         passed  failed  skipped  seconds",
        "official           1       1        1     20.0",
        "requirements       2       1        1      1.5",
        "all                3       2        2     21.5",
      ].join("\n"),
    );
  });

  it("has no sum of one suite", () => {
    expect(formatTable(SUITES.slice(0, 1)).split("\n")).toHaveLength(2);
  });
});

describe("the JSON report", () => {
  it("holds what it was made from", () => {
    const report = sampleReport();
    expect(JSON.parse(formatJson(report))).toEqual(JSON.parse(JSON.stringify(report)));
    expect(report).toMatchObject({
      formatVersion: 1,
      started: "2026-01-02T03:04:05.678Z",
      verdict: "failed",
      totals: { passed: 3, failed: 2, skipped: 2 },
    });
  });
});

describe("the progress line", () => {
  const passed: TestResult = { name: "x", status: "passed", seconds: 0 };

  function watch(isTTY: boolean, columns = 80) {
    const written: string[] = [];
    let now = 0;
    const write = (text: string) => written.push(text);
    const progress = new Progress({ isTTY, columns, write }, () => now);
    const after = (ms: number) => {
      now += ms;
      progress.onTest(passed);
    };
    return { progress, after, written };
  }

  it("is rewritten on a terminal, not for every test, and cut to its width", () => {
    const { progress, after, written } = watch(true, 20);
    progress.begin("official");
    after(10);
    after(200);
    progress.end();
    expect(written).toEqual([
      "\r\u001B[2Kofficial: 0 passed,",
      "\r\u001B[2Kofficial: 2 passed,",
      "\r\u001B[2Kofficial: 2 passed,",
      "\n",
    ]);
  });

  it("is a plain line every few seconds elsewhere, and one at the end", () => {
    const { progress, after, written } = watch(false);
    progress.begin("official");
    after(4_000);
    after(2_000);
    after(1_000);
    progress.end();
    expect(written).toEqual([
      "official: 2 passed, 0 failed, 0 skipped, 6 s\n",
      "official: 3 passed, 0 failed, 0 skipped, 7 s\n",
    ]);
  });
});
