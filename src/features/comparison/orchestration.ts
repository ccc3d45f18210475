/**
 * The steps of one comparison. A step that is done is not done again after a restart; one that was interrupted is, and
 * the commands that it sends change nothing the second time.
 */

import type { WorkflowStep, WorkflowStepConfig } from "cloudflare:workers";
import type { Command } from "#features/command.ts";
import type { FeatureRefusal } from "#features/refusal.ts";
import type { FeatureStreams } from "#features/streams.ts";
import type { CfContext } from "./cf-context.ts";
import {
  completeComparison,
  createComparison,
  failComparison,
  readHistory,
  saveProbe,
  summarizeHistory,
} from "./commands.ts";
import { diff } from "./diff.ts";
import type { Outcome, Subject } from "./events.ts";
import {
  boundInput,
  type Explanation,
  type ExplanationInput,
  type ExplanationProvider,
  type HistorySummary,
} from "./explanation.ts";
import { maxSeverity, type Finding } from "./finding.ts";
import { formatPairPath, formatProbeId, parseComparisonId, type Side } from "./ids.ts";
import { explainByRules } from "./rule-explainer.ts";
import type { Probed } from "./probe.ts";
import type { SignalEnvelope } from "./signal-envelope.ts";
import type { NormalizedUrl } from "./normalized-url.ts";

/** What a Workflow is started with. */
export interface ComparisonJob extends Subject {
  /** Where the request for the comparison came in. */
  readonly cf: CfContext | undefined;
}

export interface OrchestrationEffects {
  readonly step: WorkflowStep;
  readonly streams: FeatureStreams;
  readonly probe: (url: NormalizedUrl) => Promise<Probed>;
  readonly explainer: ExplanationProvider;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

// Durations are text: a bare number is seconds to one API and milliseconds to another.
const DIFF: WorkflowStepConfig = {
  retries: { limit: 2, delay: "1 second", backoff: "constant" },
  timeout: "10 seconds",
};
const PROBE: WorkflowStepConfig = {
  retries: { limit: 2, delay: "1 second", backoff: "constant" },
  timeout: "30 seconds",
};
const SEND: WorkflowStepConfig = {
  retries: { limit: 5, delay: "1 second", backoff: "exponential" },
  timeout: "30 seconds",
};
const HISTORY: WorkflowStepConfig = {
  retries: { limit: 1, delay: "1 second", backoff: "constant" },
  timeout: "10 seconds",
};
/** Three attempts, with 2 and 4 seconds between them. */
const EXPLAIN: WorkflowStepConfig = {
  retries: { limit: 2, delay: "2 seconds", backoff: "exponential" },
  timeout: "30 seconds",
};
const HISTORY_MAX = 5;

/** Runs a comparison to its end: `completed`, or `failed` whatever went wrong. */
export async function runComparison(
  job: ComparisonJob,
  effects: OrchestrationEffects,
): Promise<"completed" | "failed" | "ended"> {
  try {
    return await compare(job, effects);
  } catch (error) {
    console.error(`The comparison ${job.comparisonId} failed.`, error);
    const message = "The comparison failed inside the server: start another.";
    const failure = { code: "internal_error", message } as const;
    const { comparisonId } = job;
    const sent = await sendIn(effects, "fail", job, failComparison, {
      comparisonId,
      error: failure,
    });
    return sent === undefined ? "failed" : "ended";
  }
}

async function compare(job: ComparisonJob, effects: OrchestrationEffects) {
  const { cf: _cf, ...subject } = job;
  const { comparisonId } = job;
  if (await sendIn(effects, "create", job, createComparison, subject)) return "ended";

  const [left, right] = await Promise.all([
    probeSide("left", job, effects),
    probeSide("right", job, effects),
  ]);
  // The comparison has timed out, or is no longer kept: there is nobody to finish it for.
  if (left === undefined || right === undefined) return "ended";

  const findings = await effects.step.do("diff", DIFF, async () => diff(left, right));
  const history = await loadHistory(job, effects);
  const input = boundInput(findings, history);
  const outcome = await explain(findings, input, effects);
  const completion = { comparisonId, outcome };
  const refused = await sendIn(effects, "complete", job, completeComparison, completion);
  return refused ? "ended" : "completed";
}

async function probeSide(
  side: Side,
  job: ComparisonJob,
  effects: OrchestrationEffects,
): Promise<SignalEnvelope | undefined> {
  const envelope = await effects.step.do(`probe ${side}`, PROBE, () =>
    captureSide(side, job, effects),
  );
  const refused = await sendIn(effects, `save ${side}`, job, saveProbe, { envelope });
  return refused ? undefined : envelope;
}

async function captureSide(
  side: Side,
  { comparisonId, leftUrl, rightUrl, cf }: ComparisonJob,
  { probe, now }: OrchestrationEffects,
): Promise<SignalEnvelope> {
  const requestedUrl = side === "left" ? leftUrl : rightUrl;
  const capturedAt = new Date(now()).toISOString();
  const { result, colo } = await probe(requestedUrl);
  const context = colo === undefined ? cf : { ...cf, colo };
  return {
    schemaVersion: 1,
    comparisonId,
    probeId: formatProbeId(comparisonId, side),
    side,
    requestedUrl,
    capturedAt,
    ...(context === undefined ? {} : { cf: context }),
    result,
  };
}

/** The last comparisons of the pair. A comparison is worth having without them. */
async function loadHistory(
  job: ComparisonJob,
  { step, streams }: OrchestrationEffects,
): Promise<HistorySummary[]> {
  const { comparisonId } = job;
  try {
    return await step.do("history", HISTORY, async () => {
      const question = { comparisonId, limit: HISTORY_MAX };
      const outcome = await streams.query(readHistory, pathOf(job), question);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      return summarizeHistory(outcome.answer ?? []);
    });
  } catch (error) {
    console.warn(`The comparison ${comparisonId} goes on without the pair's history.`, error);
    return [];
  }
}

async function explain(
  findings: Finding[],
  input: ExplanationInput,
  { step, explainer }: OrchestrationEffects,
): Promise<Outcome> {
  const outcome = { maxSeverity: maxSeverity(findings), findings };
  try {
    const explanation = await step.do("explain", EXPLAIN, () => explainer.explain(input));
    return { ...outcome, explanation, explainedBy: explainer.name };
  } catch (error) {
    console.warn("The explainer failed: the rules explain.", error);
    const explanation = noteFallback(explainByRules(input));
    return { ...outcome, explanation, explainedBy: "rules" };
  }
}

function noteFallback(explanation: Explanation): Explanation {
  const note =
    "The language model gave no valid answer in three attempts: the built-in rules wrote this.";
  const { notes } = explanation;
  return { ...explanation, notes: notes === undefined ? note : `${note} ${notes}` };
}

/**
 * Sends a command as a step, which is tried again while the object cannot be reached.
 *
 * @returns the refusal of a command that is no longer wanted; undefined when it was taken
 */
async function sendIn<Input, Answer>(
  { step, streams }: OrchestrationEffects,
  name: string,
  job: ComparisonJob,
  command: Command<Input, Answer>,
  input: Input,
): Promise<FeatureRefusal | undefined> {
  const refusal = await step.do(name, SEND, async () => {
    const outcome = await streams.send(command, pathOf(job), input);
    if (outcome.ok) return null;
    const { status, code, message } = outcome.refusal;
    if (status >= 500) throw new Error(`${code}: ${message}`);
    return { status, code, message };
  });
  return refusal ?? undefined;
}

function pathOf({ comparisonId }: ComparisonJob): string {
  const parsed = parseComparisonId(comparisonId);
  if (parsed === undefined) throw new Error(`${comparisonId} is no comparison's id.`);
  return formatPairPath(parsed.pairKey);
}
