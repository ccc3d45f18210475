/** Explanations: what a provider is given, what it has to give back, and the one interface of both. */

import * as v from "valibot";
import type { Finding, Severity } from "./finding.ts";

/** How many findings a provider is given: the worst of them. */
export const EXPLAINED_FINDINGS_MAX = 20;
/** How many earlier comparisons a provider is given: the newest. */
export const EXPLAINED_HISTORY_MAX = 3;
/** The longest value of a finding that a provider is given, in UTF-16 units. */
const VALUE_LENGTH_MAX = 200;

const Sentence = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1_000));
const Confidence = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

// A model likes to add what it was not asked for: unknown keys are dropped, everything else is checked.
export const ExplanationSchema = v.object({
  summary: Sentence,
  /** The likeliest first. */
  rankedCauses: v.pipe(
    v.array(
      v.object({
        cause: Sentence,
        confidence: Confidence,
        /** Ids of findings, or what else speaks for the cause. */
        evidence: v.pipe(v.array(Sentence), v.maxLength(20)),
      }),
    ),
    v.maxLength(10),
  ),
  actions: v.pipe(v.array(v.object({ action: Sentence, why: Sentence })), v.maxLength(10)),
  notes: v.optional(Sentence),
});

export type Explanation = v.InferOutput<typeof ExplanationSchema>;

/** An earlier comparison of the pair, as far as an explanation needs it. */
export interface HistorySummary {
  readonly completedAt: string;
  readonly maxSeverity: Severity;
  readonly findingCodes: readonly Finding["code"][];
  readonly summary: string;
}

export interface ExplanationInput {
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** The newest first. */
  readonly history: readonly HistorySummary[];
}

export interface ExplanationProvider {
  readonly name: "rules" | "workers-ai";
  /** @throws when there is no valid explanation to be had; the caller tries again, or does without */
  explain(input: ExplanationInput): Promise<Explanation>;
}

/** Bounds what a provider is given, whatever was found. */
export function boundInput(
  findings: readonly Finding[],
  history: readonly HistorySummary[],
): ExplanationInput {
  return {
    findings: findings.slice(0, EXPLAINED_FINDINGS_MAX).map((finding) => ({
      ...finding,
      ...(finding.left === undefined ? {} : { left: finding.left.slice(0, VALUE_LENGTH_MAX) }),
      ...(finding.right === undefined ? {} : { right: finding.right.slice(0, VALUE_LENGTH_MAX) }),
    })),
    history: history.slice(0, EXPLAINED_HISTORY_MAX),
  };
}
