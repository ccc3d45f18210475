/** The events of a pair's stream: the only state there is. docs/comparison.md describes them for readers. */

import * as v from "valibot";
import { ExplanationSchema } from "./explanation.ts";
import { FindingSchema, SEVERITIES } from "./finding.ts";
import { COMPARISON_ID_PATTERN, type ComparisonId } from "./ids.ts";
import { URL_LENGTH_MAX, type NormalizedUrl } from "./normalized-url.ts";
import { ProbeErrorSchema, SignalEnvelopeSchema } from "./signal-envelope.ts";

/** The longest label of a side, in UTF-16 units. */
export const LABEL_LENGTH_MAX = 64;

const Timestamp = v.pipe(v.string(), v.isoTimestamp());
const Id = v.pipe(
  v.string(),
  v.regex(COMPARISON_ID_PATTERN),
  v.transform((text) => text as ComparisonId),
);
const Url = v.pipe(
  v.string(),
  v.maxLength(URL_LENGTH_MAX),
  v.transform((text) => text as NormalizedUrl),
);
const Label = v.optional(v.pipe(v.string(), v.maxLength(LABEL_LENGTH_MAX)));

/** What is compared. */
export const SubjectSchema = v.strictObject({
  comparisonId: Id,
  leftUrl: Url,
  rightUrl: Url,
  leftLabel: Label,
  rightLabel: Label,
});

/** What a comparison has come to. */
export const OutcomeSchema = v.strictObject({
  maxSeverity: v.picklist(SEVERITIES),
  findings: v.array(FindingSchema),
  explanation: ExplanationSchema,
  /** Who wrote the explanation. */
  explainedBy: v.picklist(["rules", "workers-ai"]),
});

/** Appended in the order in which things happened; `probe.saved` once for each side. */
export const ComparisonEventSchema = v.variant("type", [
  v.strictObject({
    type: v.literal("comparison.created"),
    createdAt: Timestamp,
    ...SubjectSchema.entries,
  }),
  v.strictObject({
    type: v.literal("probe.saved"),
    comparisonId: Id,
    envelope: SignalEnvelopeSchema,
  }),
  v.strictObject({
    type: v.literal("comparison.completed"),
    comparisonId: Id,
    completedAt: Timestamp,
    outcome: OutcomeSchema,
  }),
  v.strictObject({
    type: v.literal("comparison.failed"),
    comparisonId: Id,
    failedAt: Timestamp,
    error: ProbeErrorSchema,
  }),
]);

export type Subject = v.InferOutput<typeof SubjectSchema>;
export type Outcome = v.InferOutput<typeof OutcomeSchema>;
export type ComparisonEvent = v.InferOutput<typeof ComparisonEventSchema>;
