import { describe, expect, it } from "vitest";
import * as v from "valibot";
import { boundInput, ExplanationSchema, type HistorySummary } from "./explanation.ts";
import { FINDING_CODES, toFindings, type Difference, type FindingCode } from "./finding.ts";
import { extractJsonObject } from "./json-extraction.ts";
import { explainByRules, ruleExplainer } from "./rule-explainer.ts";
import { openWorkersAi, readAnswer } from "./workers-ai.ts";

function difference(code: FindingCode, severity: Difference["severity"] = "warn"): Difference {
  return { code, severity, section: "headers", keys: [code], message: `${code} differs.` };
}

function explain(differences: Difference[], history: HistorySummary[] = []) {
  return explainByRules(boundInput(toFindings(differences), history));
}

const before = (...findingCodes: FindingCode[]): HistorySummary => ({
  completedAt: "2026-11-01T00:00:00.000Z",
  maxSeverity: "warn",
  findingCodes,
  summary: "As before.",
});

describe("the explanation by rules", () => {
  it.each(FINDING_CODES)("has a cause and an action for %s", (code) => {
    const explanation = explain([difference(code)]);
    expect(v.parse(ExplanationSchema, explanation)).toEqual(explanation);
    expect(explanation.rankedCauses).toHaveLength(1);
    expect(explanation.rankedCauses[0]?.evidence).toEqual([`${code}:headers:${code}`]);
    expect(explanation.actions).toHaveLength(1);
  });

  it("says that nothing differs", () => {
    expect(explain([])).toEqual({
      summary: "Both sides answer alike: nothing differs.",
      rankedCauses: [],
      actions: [],
    });
  });

  it("puts findings of one origin under one cause, and the likeliest first", () => {
    const { rankedCauses, summary } = explain([
      difference("VARY_DRIFT"),
      difference("CACHE_HEADER_DRIFT", "info"),
      difference("STATUS_MISMATCH", "critical"),
    ]);
    expect(rankedCauses.map(({ confidence }) => confidence)).toEqual([0.8, 0.65]);
    expect(rankedCauses[1]?.evidence).toEqual([
      "VARY_DRIFT:headers:VARY_DRIFT",
      "CACHE_HEADER_DRIFT:headers:CACHE_HEADER_DRIFT",
    ]);
    expect(summary).toBe(
      "3 differences (1 critical, 1 warn, 1 info). The worst: STATUS_MISMATCH differs.",
    );
  });

  it("compares with the last comparison", () => {
    const now = [difference("VARY_DRIFT")];
    expect(explain(now, [before("VARY_DRIFT")]).notes).toBe(
      "The kinds of findings are those of the last comparison.",
    );
    expect(explain(now, [before("LOCATION_DRIFT"), before("VARY_DRIFT")]).notes).toBe(
      "New since the last comparison: VARY_DRIFT. Gone since then: LOCATION_DRIFT.",
    );
    expect(explain(now).notes).toBeUndefined();
  });

  it("is valid for everything at once, and for more than it is given", async () => {
    const many = FINDING_CODES.flatMap((code) =>
      Array.from({ length: 5 }, (_, n) => ({
        ...difference(code, "critical"),
        keys: [String(n)],
        message: "x".repeat(5_000),
        left: "y".repeat(5_000),
      })),
    );
    const input = boundInput(
      toFindings(many),
      Array.from({ length: 9 }, () => before()),
    );
    expect(input.findings).toHaveLength(20);
    expect(input.history).toHaveLength(3);
    expect(input.findings[0]?.left).toHaveLength(200);
    const explanation = await ruleExplainer.explain(input);
    expect(v.parse(ExplanationSchema, explanation)).toEqual(explanation);
    for (const { confidence } of explanation.rankedCauses) expect(confidence).toBeLessThan(1);
  });
});

describe("the first JSON object of a text", () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['Sure! ```json\n{"a":{"b":[1]}}\n``` Hope that helps {"c":2}', { a: { b: [1] } }],
    ['{"a":"} \\" {"} and more }', { a: '} " {' }],
    ['{not json} {"a":1}', { a: 1 }],
    ['{ {"a":1}', { a: 1 }],
    ["no object", undefined],
    ['{"a":1', undefined],
    ["", undefined],
    ['[1, {"a":1}]', { a: 1 }],
  ])("of %j", (text, expected) => {
    expect(extractJsonObject(text)).toEqual(expected);
  });

  it("is looked for in bounded time", () => {
    const started = performance.now();
    expect(extractJsonObject("{".repeat(16_384))).toBeUndefined();
    // A little work for every pair of braces; for every three of them it would take hours.
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe("the explanation of Workers AI", () => {
  const valid = {
    summary: "The cache rules differ.",
    rankedCauses: [{ cause: "A rule.", confidence: 0.7, evidence: ["VARY_DRIFT:headers:vary"] }],
    actions: [{ action: "Compare the rules.", why: "They differ." }],
  };

  it("asks the model with the findings as data", async () => {
    const asked: { model: string; input: { messages: readonly { content: string }[] } }[] = [];
    const provider = openWorkersAi({
      run: async (model, input) => {
        asked.push({ model, input });
        return Promise.resolve({ response: `Here it is: ${JSON.stringify(valid)}` });
      },
    });
    const input = boundInput(toFindings([difference("VARY_DRIFT")]), []);
    expect(await provider.explain(input)).toEqual(valid);
    expect(asked[0]?.model).toBe("@cf/meta/llama-3.3-70b-instruct-fp8-fast");
    expect(JSON.parse(asked[0]?.input.messages[1]?.content ?? "")).toEqual(input);
  });

  it("takes an answer that the binding has parsed, and drops what it did not ask for", () => {
    expect(readAnswer({ response: { ...valid, mood: "good" } })).toEqual(valid);
  });

  it.each([
    ["no object", { response: "I cannot help with that." }],
    ["nothing", undefined],
    ["another shape", { text: JSON.stringify(valid) }],
    ["no summary", { response: JSON.stringify({ ...valid, summary: undefined }) }],
    ["an empty summary", { response: JSON.stringify({ ...valid, summary: " " }) }],
    ["a wrong type", { response: JSON.stringify({ ...valid, actions: "none" }) }],
    [
      "too much confidence",
      {
        response: JSON.stringify({
          ...valid,
          rankedCauses: [{ cause: "x", confidence: 1.1, evidence: [] }],
        }),
      },
    ],
    ["an endless summary", { response: { ...valid, summary: "x".repeat(1_001) } }],
  ])("is refused with %s", (_what, answer) => {
    expect(() => readAnswer(answer)).toThrow(/^The model gave no valid explanation: /);
  });
});
