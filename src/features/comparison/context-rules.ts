/** Rules about the circumstances: how long the answers took, and where they came through. */

import type { CfContext } from "./cf-context.ts";
import type { Difference, Severity } from "./finding.ts";
import type { AnsweredPair } from "./signal-envelope.ts";

// When both sides are faster than this, a difference is noise.
const SLOWER_MS_MIN = 50;
const CRITICAL_RATIO = 2.5;
const CRITICAL_MS = 1_000;
const WARN_RATIO = 1.5;
const WARN_MS = 300;

/** TIMING_DRIFT. */
export function diffTiming({ left, right }: AnsweredPair): Difference[] {
  const slower = Math.max(left.durationMs, right.durationMs);
  const faster = Math.min(left.durationMs, right.durationMs);
  if (slower < SLOWER_MS_MIN || slower === faster) return [];
  return [
    {
      code: "TIMING_DRIFT",
      severity: timingSeverity(slower, faster),
      section: "timing",
      keys: ["durationMs"],
      message: `The left side took ${Math.round(left.durationMs)} ms, the right side ${Math.round(right.durationMs)} ms.`,
      left: String(left.durationMs),
      right: String(right.durationMs),
    },
  ];
}

function timingSeverity(slower: number, faster: number): Severity {
  // Nothing at all may have taken no measurable time: the ratio is then infinite.
  const ratio = slower / faster;
  const difference = slower - faster;
  if (ratio >= CRITICAL_RATIO || difference >= CRITICAL_MS) return "critical";
  return ratio >= WARN_RATIO || difference >= WARN_MS ? "warn" : "info";
}

/** CF_CONTEXT_DRIFT. What one side does not know is no difference. */
export function diffCfContext(
  left: CfContext | undefined,
  right: CfContext | undefined,
  timingDrifts: boolean,
): Difference[] {
  const names = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])];
  const changed = names
    .filter((name) => {
      const [a, b] = [valueOf(left, name), valueOf(right, name)];
      return a !== undefined && b !== undefined && a !== b;
    })
    .toSorted();
  if (changed.length === 0) return [];
  const show = (context: CfContext | undefined) =>
    changed.map((name) => `${name}: ${valueOf(context, name)}`).join("; ");
  return [
    {
      code: "CF_CONTEXT_DRIFT",
      severity: timingDrifts ? "warn" : "info",
      section: "cf",
      keys: changed,
      message: `The requests went different ways through Cloudflare: ${changed.join(", ")}.`,
      left: show(left),
      right: show(right),
    },
  ];
}

function valueOf(context: CfContext | undefined, name: string): string | number | undefined {
  return context?.[name as keyof CfContext];
}
