/**
 * What a pair decides: each command may be repeated, because a step of a Workflow may be.
 *
 * Terminal states are final. What comes late, after a timeout say, is refused; what comes twice changes nothing.
 */

import type { Command, DecideContext, Decision, Query, Timer, View } from "#features/command.ts";
import type { ComparisonEvent, Outcome, Subject } from "./events.ts";
import type { HistorySummary } from "./explanation.ts";
import type { Finding, Severity } from "./finding.ts";
import { comparisonRefusal, UNKNOWN_COMPARISON } from "./refusals.ts";
import {
  findRun,
  listCompleted,
  listUnfinished,
  nextBase,
  oldestUnfinished,
  type Run,
  type Status,
} from "./runs.ts";
import type { ProbeError, SignalEnvelope } from "./signal-envelope.ts";

/** A comparison that has not ended after this long has failed. */
export const TIMEOUT_MS = 300_000;

interface Answer {
  readonly comparisonId: string;
  readonly status: Status;
}

type ComparisonDecision = Decision<ComparisonEvent, Answer>;

export const createComparison: Command<Subject, Answer, ComparisonEvent> = {
  name: "create",
  decide(subject, view, { nowMs }) {
    const known = findRun(view, subject.comparisonId);
    if (known !== undefined) return unchanged(subject.comparisonId, known.status);
    const createdAt = new Date(nowMs).toISOString();
    const trimBefore = nextBase(view);
    return {
      ok: true,
      events: [{ type: "comparison.created", createdAt, ...subject }],
      answer: { comparisonId: subject.comparisonId, status: "queued" },
      ...(trimBefore === undefined ? {} : { trimBefore }),
    };
  },
};

export const saveProbe: Command<{ envelope: SignalEnvelope }, Answer, ComparisonEvent> = {
  name: "save-probe",
  decide({ envelope }, view) {
    const { side } = envelope;
    const comparisonId = envelope.comparisonId as Subject["comparisonId"];
    const run = findRun(view, comparisonId);
    if (run === undefined) return { ok: false, refusal: UNKNOWN_COMPARISON };
    if (run[side]?.probeId === envelope.probeId) return unchanged(comparisonId, run.status);
    if (run.status === "completed" || run.status === "failed") return refuseEnded(run);
    return {
      ok: true,
      events: [{ type: "probe.saved", comparisonId, envelope }],
      answer: { comparisonId, status: "running" },
    };
  },
};

export interface Completion {
  readonly comparisonId: Subject["comparisonId"];
  readonly outcome: Outcome;
}

export const completeComparison: Command<Completion, Answer, ComparisonEvent> = {
  name: "complete",
  decide({ comparisonId, outcome }, view, { nowMs }) {
    const completedAt = new Date(nowMs).toISOString();
    const event = { type: "comparison.completed", comparisonId, completedAt, outcome } as const;
    return end(view, comparisonId, "completed", event);
  },
};

export interface Failure {
  readonly comparisonId: Subject["comparisonId"];
  readonly error: ProbeError;
}

export const failComparison: Command<Failure, Answer, ComparisonEvent> = {
  name: "fail",
  decide({ comparisonId, error }, view, { nowMs }) {
    return end(view, comparisonId, "failed", failed(comparisonId, error, nowMs));
  },
};

/** Fails whatever has run for {@link TIMEOUT_MS}, whether or not anybody looks. */
export const timeout: Timer<ComparisonEvent> = {
  dueMs(view) {
    const createdAt = oldestUnfinished(view);
    return createdAt === undefined ? undefined : Date.parse(createdAt) + TIMEOUT_MS;
  },
  decide(view, { nowMs }: DecideContext) {
    const overdue = listUnfinished(view, new Date(nowMs - TIMEOUT_MS).toISOString());
    const message = `The comparison did not end within ${TIMEOUT_MS / 60_000} minutes.`;
    return {
      ok: true,
      events: overdue.map((id) => failed(id, { code: "timeout", message }, nowMs)),
      answer: null,
    };
  },
};

/** What `GET /api/compare/{id}` tells; null for an unknown id. */
export interface StatusReport {
  readonly status: Status;
  readonly result?: Outcome &
    Omit<Subject, "comparisonId"> & { left: SignalEnvelope; right: SignalEnvelope };
  readonly error?: ProbeError;
}

export const readStatus: Query<{ comparisonId: string }, StatusReport | null> = {
  name: "status",
  answer({ comparisonId }, view) {
    const run = findRun(view, comparisonId);
    if (run === undefined) return null;
    const { status, subject, outcome, left, right, error } = run;
    const { comparisonId: _id, ...sides } = subject;
    const ended = outcome !== undefined && left !== undefined && right !== undefined;
    return {
      status,
      ...(ended ? { result: { ...sides, ...outcome, left, right } } : {}),
      ...(error === undefined ? {} : { error }),
    };
  },
};

/** A completed comparison, without its probes. */
export interface HistoryEntry extends Subject {
  readonly createdAt: string;
  readonly completedAt: string;
  readonly maxSeverity: Severity;
  readonly findingCodes: readonly Finding["code"][];
  readonly summary: string;
}

/** The completed comparisons of a pair, the newest first; null where the comparison that is asked from is unknown. */
export const readHistory: Query<{ comparisonId: string; limit: number }, HistoryEntry[] | null> = {
  name: "history",
  answer({ comparisonId, limit }, view) {
    if (findRun(view, comparisonId) === undefined) return null;
    return listCompleted(view, limit).flatMap((run) => describeRun(run));
  },
};

function describeRun({ subject, createdAt, completedAt, outcome }: Run): HistoryEntry[] {
  if (outcome === undefined || completedAt === undefined) return [];
  const { maxSeverity, findings, explanation } = outcome;
  const findingCodes = [...new Set(findings.map(({ code }) => code))];
  const { summary } = explanation;
  return [{ ...subject, createdAt, completedAt, maxSeverity, findingCodes, summary }];
}

/** What an explanation needs of the history. */
export function summarizeHistory(entries: readonly HistoryEntry[]): HistorySummary[] {
  return entries.map(({ completedAt, maxSeverity, findingCodes, summary }) => ({
    completedAt,
    maxSeverity,
    findingCodes,
    summary,
  }));
}

function end(
  view: View,
  comparisonId: Subject["comparisonId"],
  status: "completed" | "failed",
  event: ComparisonEvent,
): ComparisonDecision {
  const run = findRun(view, comparisonId);
  if (run === undefined) return { ok: false, refusal: UNKNOWN_COMPARISON };
  if (run.status === status) return unchanged(comparisonId, status);
  if (run.status === "completed" || run.status === "failed") return refuseEnded(run);
  return { ok: true, events: [event], answer: { comparisonId, status } };
}

function failed(
  comparisonId: Subject["comparisonId"],
  error: ProbeError,
  nowMs: number,
): ComparisonEvent {
  const failedAt = new Date(nowMs).toISOString();
  return { type: "comparison.failed", comparisonId, failedAt, error };
}

function unchanged(comparisonId: string, status: Status): ComparisonDecision {
  return { ok: true, events: [], answer: { comparisonId, status } };
}

function refuseEnded({ status }: Run): ComparisonDecision {
  const message = `The comparison has ${status} already, which is final.`;
  return { ok: false, refusal: comparisonRefusal("comparison_ended", message) };
}
