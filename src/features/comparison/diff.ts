/** The comparison of two probes: pure, each rule in the file of its subject. */

import { diffBody } from "./body-rules.ts";
import { diffCfContext, diffTiming } from "./context-rules.ts";
import { toFindings, type Difference, type Finding } from "./finding.ts";
import { diffHeaders } from "./header-rules.ts";
import { diffRouting, diffStatus } from "./routing-rules.ts";
import type { AnsweredPair, ProbeError, SignalEnvelope } from "./signal-envelope.ts";

/**
 * Compares what two probes saw.
 *
 * @returns the findings, the worst first; none when nothing differs. A probe without an answer is the only finding:
 *   there is nothing to compare the other with.
 */
export function diff(left: SignalEnvelope, right: SignalEnvelope): Finding[] {
  if (!("response" in left.result) || !("response" in right.result)) {
    return toFindings([diffFailure(left, right)]);
  }
  const pair: AnsweredPair = { left: left.result, right: right.result };
  const timing = diffTiming(pair);
  return toFindings([
    ...diffStatus(pair),
    ...diffRouting(pair),
    ...diffHeaders(pair),
    ...diffBody(pair),
    ...timing,
    ...diffCfContext(left.cf, right.cf, timing.length > 0),
  ]);
}

function diffFailure(left: SignalEnvelope, right: SignalEnvelope): Difference {
  const failed = [left, right].filter(({ result }) => !("response" in result));
  const sides = failed.map(({ side }) => side);
  return {
    code: "PROBE_FAILURE",
    severity: "critical",
    section: "probe",
    keys: sides,
    message: `There was no answer on the ${sides.join(" and the ")} side.`,
    left: describeOutcome(left),
    right: describeOutcome(right),
  };
}

function describeOutcome({ result }: SignalEnvelope): string {
  if ("response" in result) return `status ${result.response.status}`;
  const { code, message }: ProbeError = result.error;
  return `${code}: ${message}`;
}
