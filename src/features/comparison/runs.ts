/**
 * The tables of a pair: its comparisons, each a row that its events fill.
 *
 * A pair keeps its newest {@link KEPT_MAX} comparisons. Which is the oldest is told by the place of its first event in
 * the stream, never by a clock.
 */

import type { SqlValue, Tables, View } from "#features/command.ts";
import type { Position } from "#protocol/offset.ts";
import type { ComparisonEvent, Outcome, Subject } from "./events.ts";
import type { ProbeError, SignalEnvelope } from "./signal-envelope.ts";

/** How many comparisons of a pair are kept. */
export const KEPT_MAX = 50;

export const TABLES = {
  comparison_runs: `CREATE TABLE comparison_runs
      (seq INTEGER PRIMARY KEY, byte INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
       created_at TEXT NOT NULL, subject TEXT NOT NULL, left_probe TEXT, right_probe TEXT, completed_at TEXT,
       outcome TEXT, error TEXT);
    CREATE INDEX comparison_runs_unfinished ON comparison_runs (created_at) WHERE status IN ('queued', 'running')`,
};

export type Status = "queued" | "running" | "completed" | "failed";

/** A comparison, as far as its events tell. */
export interface Run {
  readonly status: Status;
  readonly createdAt: string;
  readonly subject: Subject;
  readonly left: SignalEnvelope | undefined;
  readonly right: SignalEnvelope | undefined;
  readonly completedAt: string | undefined;
  readonly outcome: Outcome | undefined;
  readonly error: ProbeError | undefined;
}

interface RunRow extends Record<string, SqlValue> {
  status: Status;
  created_at: string;
  subject: string;
  left_probe: string | null;
  right_probe: string | null;
  completed_at: string | null;
  outcome: string | null;
  error: string | null;
}

/** Follows one event. What belongs to a comparison that is not kept is passed over. */
export function project(event: ComparisonEvent, at: Position, tables: Tables): void {
  switch (event.type) {
    case "comparison.created": {
      const { type: _type, createdAt, ...subject } = event;
      tables.run(
        "INSERT INTO comparison_runs (seq, byte, id, status, created_at, subject) VALUES (?, ?, ?, 'queued', ?, ?)",
        at.seq,
        at.byte,
        event.comparisonId,
        createdAt,
        JSON.stringify(subject),
      );
      return;
    }
    case "probe.saved": {
      const { envelope, comparisonId } = event;
      const column = envelope.side === "left" ? "left_probe" : "right_probe";
      tables.run(
        `UPDATE comparison_runs SET status = 'running', ${column} = ? WHERE id = ?`,
        JSON.stringify(envelope),
        comparisonId,
      );
      return;
    }
    case "comparison.completed":
      tables.run(
        "UPDATE comparison_runs SET status = 'completed', completed_at = ?, outcome = ? WHERE id = ?",
        event.completedAt,
        JSON.stringify(event.outcome),
        event.comparisonId,
      );
      return;
    case "comparison.failed":
      tables.run(
        "UPDATE comparison_runs SET status = 'failed', error = ? WHERE id = ?",
        JSON.stringify(event.error),
        event.comparisonId,
      );
  }
}

/** Removes the comparisons that began before a position. */
export function forget(before: Position, tables: Tables): void {
  tables.run("DELETE FROM comparison_runs WHERE seq < ?", before.seq);
}

export function findRun(view: View, id: string): Run | undefined {
  const [row] = view.rows<RunRow>("SELECT * FROM comparison_runs WHERE id = ?", id);
  return row === undefined ? undefined : decodeRun(row);
}

/** The completed comparisons, the newest first. */
export function listCompleted(view: View, limit: number): Run[] {
  return view
    .rows<RunRow>(
      "SELECT * FROM comparison_runs WHERE status = 'completed' ORDER BY seq DESC LIMIT ?",
      limit,
    )
    .map(decodeRun);
}

/** Where the stream is to begin once one more comparison is kept; undefined while there is room. */
export function nextBase(view: View): Position | undefined {
  // Of the newest that stay beside the new one, the last; and one more, which has to go.
  const [base, evicted] = view.rows<{ seq: number; byte: number }>(
    "SELECT seq, byte FROM comparison_runs ORDER BY seq DESC LIMIT 2 OFFSET ?",
    KEPT_MAX - 2,
  );
  return evicted === undefined ? undefined : base;
}

/** When the oldest unfinished comparison was created; undefined when all have ended. */
export function oldestUnfinished(view: View): string | undefined {
  return view.rows<{ created_at: string }>(
    "SELECT created_at FROM comparison_runs WHERE status IN ('queued', 'running') ORDER BY created_at LIMIT 1",
  )[0]?.created_at;
}

/** The unfinished comparisons that were created at a time or before it, the oldest first. */
export function listUnfinished(view: View, createdUntil: string): Subject["comparisonId"][] {
  return view
    .rows<{ id: string }>(
      "SELECT id FROM comparison_runs WHERE status IN ('queued', 'running') AND created_at <= ? ORDER BY seq",
      createdUntil,
    )
    .map(({ id }) => id as Subject["comparisonId"]);
}

function decodeRun(row: RunRow): Run {
  return {
    status: row.status,
    createdAt: row.created_at,
    subject: JSON.parse(row.subject) as Subject,
    left: decode(row.left_probe) as SignalEnvelope | undefined,
    right: decode(row.right_probe) as SignalEnvelope | undefined,
    completedAt: row.completed_at ?? undefined,
    outcome: decode(row.outcome) as Outcome | undefined,
    error: decode(row.error) as ProbeError | undefined,
  };
}

function decode(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}
