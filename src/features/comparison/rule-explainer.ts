/** The built-in explainer: one cause and one action for each kind of finding. It needs no network and never fails. */

import type { Explanation, ExplanationInput, ExplanationProvider } from "./explanation.ts";
import { maxSeverity, type Finding, type FindingCode, type Severity } from "./finding.ts";

interface Rule {
  readonly cause: string;
  readonly action: string;
  readonly why: string;
}

const CAUSES_MAX = 10;
const EVIDENCE_MAX = 20;

/** How sure a cause is when its worst finding is this bad; a further finding of the same cause adds a little. */
const CONFIDENCE: Readonly<Record<Severity, number>> = { critical: 0.8, warn: 0.6, info: 0.3 };
const CONFIDENCE_STEP = 0.05;
const CONFIDENCE_MAX = 0.95;

export const ruleExplainer: ExplanationProvider = {
  name: "rules",
  explain: (input) => Promise.resolve(explainByRules(input)),
};

/** Explains findings by {@link RULES}; pure. */
export function explainByRules({ findings, history }: ExplanationInput): Explanation {
  const causes = [...groupByRule(findings)]
    .map(([rule, group]) => ({
      rule,
      confidence: confidenceOf(group),
      evidence: group.map(({ id }) => id).slice(0, EVIDENCE_MAX),
    }))
    .toSorted((a, b) => b.confidence - a.confidence)
    .slice(0, CAUSES_MAX);
  const notes = compareWithHistory(findings, history);
  return {
    summary: summarize(findings),
    rankedCauses: causes.map(({ rule: { cause }, confidence, evidence }) => ({
      cause,
      confidence,
      evidence,
    })),
    actions: causes.map(({ rule: { action, why } }) => ({ action, why })),
    ...(notes === undefined ? {} : { notes }),
  };
}

function groupByRule(findings: readonly Finding[]): Map<Rule, Finding[]> {
  const groups = new Map<Rule, Finding[]>();
  for (const finding of findings) {
    const rule = RULES[finding.code];
    groups.set(rule, [...(groups.get(rule) ?? []), finding]);
  }
  return groups;
}

function confidenceOf(group: readonly Finding[]): number {
  const confidence = CONFIDENCE[maxSeverity(group)] + CONFIDENCE_STEP * (group.length - 1);
  return Math.round(Math.min(confidence, CONFIDENCE_MAX) * 100) / 100;
}

function summarize(findings: readonly Finding[]): string {
  const [worst] = findings;
  if (worst === undefined) return "Both sides answer alike: nothing differs.";
  const count = (severity: Severity) => findings.filter((f) => f.severity === severity).length;
  const counts = `${count("critical")} critical, ${count("warn")} warn, ${count("info")} info`;
  const noun = findings.length === 1 ? "difference" : "differences";
  return `${findings.length} ${noun} (${counts}). The worst: ${worst.message}`.slice(0, 1_000);
}

function compareWithHistory(
  findings: readonly Finding[],
  history: ExplanationInput["history"],
): string | undefined {
  const [last] = history;
  if (last === undefined) return undefined;
  const now = new Set(findings.map(({ code }) => code));
  const before = new Set(last.findingCodes);
  const fresh = [...now].filter((code) => !before.has(code));
  const gone = [...before].filter((code) => !now.has(code));
  if (fresh.length === 0 && gone.length === 0) {
    return "The kinds of findings are those of the last comparison.";
  }
  const parts = [
    ...(fresh.length > 0 ? [`New since the last comparison: ${fresh.join(", ")}.`] : []),
    ...(gone.length > 0 ? [`Gone since then: ${gone.join(", ")}.`] : []),
  ];
  return parts.join(" ");
}

const CACHING: Rule = {
  cause: "The sides have different caching rules, in the application or in a cache before it.",
  action: "Compare the cache rules and the Vary header of both deployments.",
  why: "Different rules let one side serve an older answer, or the answer meant for somebody else.",
};

const CONTENT: Rule = {
  cause: "The sides serve different versions or different content.",
  action: "Compare the deployed versions and the data behind them.",
  why: "Where status and type agree, another body means another build or another data set.",
};

const ROUTING: Rule = {
  cause: "Redirects or routes are configured differently.",
  action: "Follow the redirects of both sides hop by hop and compare the routing rules.",
  why: "A request that ends somewhere else is answered by another application or another rule.",
};

/** Findings with one origin share a rule, so that they strengthen one cause. */
const RULES: Readonly<Record<FindingCode, Rule>> = {
  PROBE_FAILURE: {
    cause:
      "One side at least cannot be reached: it is down, its name or certificate is wrong, or it is too slow.",
    action: "Request the failing URL by hand and look at its name, certificate and logs.",
    why: "Without an answer there is nothing to compare.",
  },
  STATUS_MISMATCH: {
    cause: "One side fails or routes the request to another handler.",
    action: "Look into the logs of the side with the unexpected status.",
    why: "Another status means another outcome for every client.",
  },
  FINAL_URL_MISMATCH: ROUTING,
  REDIRECT_CHAIN_CHANGED: ROUTING,
  LOCATION_DRIFT: ROUTING,
  AUTH_CHALLENGE_PRESENT: {
    cause: "The sides protect the resource differently.",
    action: "Compare the access rules of both deployments.",
    why: "A challenge on one side locks clients out there, or leaves the other side open.",
  },
  CORS_HEADER_DRIFT: {
    cause: "The sides allow different origins, methods or headers to browsers.",
    action: "Compare the CORS configuration with the origins that have to work.",
    why: "A browser blocks on one side what it lets through on the other.",
  },
  CACHE_HEADER_DRIFT: CACHING,
  VARY_DRIFT: CACHING,
  CONTENT_TYPE_DRIFT: {
    cause:
      "The sides answer in different formats: another handler, an error page, or content negotiation.",
    action: "Request both sides with the same Accept header and compare what produces the answer.",
    why: "Clients parse an answer by its type.",
  },
  BODY_HASH_DRIFT: CONTENT,
  CONTENT_LENGTH_DRIFT: CONTENT,
  TIMING_DRIFT: {
    cause: "One side is slower: a cold cache, less capacity, or a slower dependency.",
    action: "Repeat the comparison; if the difference stays, compare caches and dependencies.",
    why: "One measurement may be chance; the same one again is not.",
  },
  CF_CONTEXT_DRIFT: {
    cause: "The requests went through different Cloudflare data centres or connections.",
    action: "Repeat the comparison before drawing conclusions from its timing.",
    why: "Another way through the network changes timing without a change of the application.",
  },
};
