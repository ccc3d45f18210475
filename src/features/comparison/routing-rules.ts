/** Rules about the status and the way to the answer. */

import type { Difference, Severity } from "./finding.ts";
import type { AnsweredPair, AnsweredResult } from "./signal-envelope.ts";

/** STATUS_MISMATCH. */
export function diffStatus({ left, right }: AnsweredPair): Difference[] {
  const a = left.response.status;
  const b = right.response.status;
  if (a === b) return [];
  return [
    {
      code: "STATUS_MISMATCH",
      severity: isCriticalStatus(a, b) ? "critical" : "warn",
      section: "status",
      keys: ["status"],
      message: `The left side answers ${a}, the right side ${b}.`,
      left: String(a),
      right: String(b),
    },
  ];
}

// A success against an error, or a redirect against anything that is none.
function isCriticalStatus(a: number, b: number): boolean {
  const low = Math.floor(Math.min(a, b) / 100);
  const high = Math.floor(Math.max(a, b) / 100);
  if ((low === 3) !== (high === 3)) return true;
  return low === 2 && (high === 4 || high === 5);
}

/** FINAL_URL_MISMATCH and REDIRECT_CHAIN_CHANGED. */
export function diffRouting({ left, right }: AnsweredPair): Difference[] {
  return [...diffFinalUrl(left, right), ...diffRedirects(left, right)];
}

function diffFinalUrl(left: AnsweredResult, right: AnsweredResult): Difference[] {
  const a = left.response.finalUrl;
  const b = right.response.finalUrl;
  if (a === b) return [];
  return [
    {
      code: "FINAL_URL_MISMATCH",
      severity: finalUrlSeverity(new URL(a), new URL(b)),
      section: "routing",
      keys: ["finalUrl"],
      message: "The answers come from different URLs.",
      left: a,
      right: b,
    },
  ];
}

function finalUrlSeverity(a: URL, b: URL): Severity {
  if (a.host !== b.host) return "critical";
  return withoutScheme(a) === withoutScheme(b) ? "info" : "warn";
}

function withoutScheme(url: URL): string {
  return url.href.slice(url.protocol.length);
}

function diffRedirects(left: AnsweredResult, right: AnsweredResult): Difference[] {
  const a = formatChain(left);
  const b = formatChain(right);
  if (a === b) return [];
  const hops = [left.redirects.length, right.redirects.length] as const;
  const severity = redirectSeverity(left, right);
  return [
    {
      code: "REDIRECT_CHAIN_CHANGED",
      severity,
      section: "routing",
      keys: ["redirects"],
      message:
        hops[0] === hops[1]
          ? `The redirects lead different ways: ${hops[0]} on both sides.`
          : `The number of redirects differs: ${hops[0]} on the left side, ${hops[1]} on the right.`,
      left: a,
      right: b,
    },
  ];
}

function redirectSeverity(left: AnsweredResult, right: AnsweredResult): Severity {
  if (finalHost(left) !== finalHost(right)) return "critical";
  return left.redirects.length === right.redirects.length ? "info" : "warn";
}

function finalHost({ response }: AnsweredResult): string {
  return new URL(response.finalUrl).host;
}

function formatChain({ redirects }: AnsweredResult): string {
  return redirects.map(({ status, to }) => `${status} ${to}`).join(", ");
}
