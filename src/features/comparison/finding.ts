/** Findings: what differs between two probes, how bad that is, and where to look. */

import * as v from "valibot";

/** From the worst down: findings are sorted in this order. */
export const SEVERITIES = ["critical", "warn", "info"] as const;

export const FINDING_CODES = [
  "PROBE_FAILURE",
  "STATUS_MISMATCH",
  "FINAL_URL_MISMATCH",
  "REDIRECT_CHAIN_CHANGED",
  "AUTH_CHALLENGE_PRESENT",
  "CORS_HEADER_DRIFT",
  "CACHE_HEADER_DRIFT",
  "VARY_DRIFT",
  "LOCATION_DRIFT",
  "CONTENT_TYPE_DRIFT",
  "BODY_HASH_DRIFT",
  "CONTENT_LENGTH_DRIFT",
  "TIMING_DRIFT",
  "CF_CONTEXT_DRIFT",
] as const;

/** The part of a probe that a finding is about. */
export const SECTIONS = ["probe", "status", "routing", "headers", "body", "timing", "cf"] as const;

/** The longest value and message that a finding carries, in UTF-16 units. */
const TEXT_LENGTH_MAX = 2_048;
const Text = v.pipe(v.string(), v.maxLength(TEXT_LENGTH_MAX));

export const FindingSchema = v.strictObject({
  /** `code:section:sortedKeys`. */
  id: Text,
  code: v.picklist(FINDING_CODES),
  severity: v.picklist(SEVERITIES),
  section: v.picklist(SECTIONS),
  /** What differs within the section: header names, say, or the sides of a failed probe. */
  keys: v.pipe(v.array(Text), v.maxLength(32)),
  message: Text,
  left: v.optional(Text),
  right: v.optional(Text),
});

export type Severity = (typeof SEVERITIES)[number];
export type FindingCode = (typeof FINDING_CODES)[number];
export type Finding = v.InferOutput<typeof FindingSchema>;

/** What a rule says; the id follows from it. */
export interface Difference {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly section: Finding["section"];
  readonly keys: readonly string[];
  readonly message: string;
  readonly left?: string | undefined;
  readonly right?: string | undefined;
}

/** Makes findings of differences: each id once, the worst first, then by code and message. */
export function toFindings(differences: readonly Difference[]): Finding[] {
  const byId = new Map<string, Finding>();
  for (const difference of differences) {
    const finding = toFinding(difference);
    if (!byId.has(finding.id)) byId.set(finding.id, finding);
  }
  return [...byId.values()].toSorted(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  );
}

/** The worst severity; `info` when there is no finding. */
export function maxSeverity(findings: readonly Finding[]): Severity {
  return SEVERITIES.find((severity) => findings.some((f) => f.severity === severity)) ?? "info";
}

function toFinding({ code, severity, section, keys, message, left, right }: Difference): Finding {
  const sorted = keys.toSorted(compare);
  return {
    id: `${code}:${section}:${sorted.join(",")}`,
    code,
    severity,
    section,
    keys: sorted,
    message: message.slice(0, TEXT_LENGTH_MAX),
    ...(left === undefined ? {} : { left: left.slice(0, TEXT_LENGTH_MAX) }),
    ...(right === undefined ? {} : { right: right.slice(0, TEXT_LENGTH_MAX) }),
  };
}

// By code unit, not by a locale: the order is the same everywhere.
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
