/** Rules about the body. */

import type { Difference, Severity } from "./finding.ts";
import { mediaTypeOf } from "./header-rules.ts";
import type { AnsweredPair } from "./signal-envelope.ts";

// Below these differences of length, in bytes, a drift is worth a note, and a warning.
const LENGTH_INFO_BELOW = 200;
const LENGTH_WARN_BELOW = 2_000;

/** BODY_HASH_DRIFT and CONTENT_LENGTH_DRIFT. */
export function diffBody(pair: AnsweredPair): Difference[] {
  return [...diffHash(pair), ...diffLength(pair)];
}

function diffHash({ left, right }: AnsweredPair): Difference[] {
  const a = left.response.bodyHash;
  const b = right.response.bodyHash;
  if (a === undefined || b === undefined || a === b) return [];
  const type = (side: typeof left) => mediaTypeOf(side.response.headers.core["content-type"]);
  const comparable = [left, right].every(({ response }) => isSuccess(response.status));
  return [
    {
      code: "BODY_HASH_DRIFT",
      severity: comparable && type(left) === type(right) ? "critical" : "info",
      section: "body",
      keys: ["bodyHash"],
      message: "The bodies differ.",
      left: a,
      right: b,
    },
  ];
}

function diffLength({ left, right }: AnsweredPair): Difference[] {
  const a = left.response.contentLength;
  const b = right.response.contentLength;
  if (a === undefined || b === undefined || a === b) return [];
  const difference = Math.abs(a - b);
  return [
    {
      code: "CONTENT_LENGTH_DRIFT",
      severity: lengthSeverity(difference, left.response.status !== right.response.status),
      section: "body",
      keys: ["contentLength"],
      message: `The lengths of the bodies differ by ${difference} bytes.`,
      left: String(a),
      right: String(b),
    },
  ];
}

function lengthSeverity(difference: number, statusChanged: boolean): Severity {
  if (difference < LENGTH_INFO_BELOW) return "info";
  if (difference < LENGTH_WARN_BELOW) return "warn";
  // Another status explains another body.
  return statusChanged ? "warn" : "critical";
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
