/**
 * Commands, questions and timers: what the object of a stream decides for a feature, on tables that follow from the
 * stream. Nothing in here waits: what is decided is committed before anything else runs.
 */

import type { Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { FeatureRefusal } from "./refusal.ts";

/** A message of a feature's stream. It must survive JSON: no dates, no undefined. */
export interface FeatureEvent {
  readonly type: string;
}

export type SqlValue = string | number | null;

/** The tables of a feature, to read. A statement that writes throws. */
export interface View {
  /** The rows of a SELECT, with `?` for each binding. */
  rows<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): Row[];
}

/** The tables of a feature, to read and write. */
export interface Tables extends View {
  run(statement: string, ...bindings: SqlValue[]): void;
}

/** What a decision may know besides the tables: nothing else is asked, no clock and no chance. */
export interface DecideContext {
  /** The stream that the command is for. */
  readonly path: StreamPath;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** A UUID from a cryptographic source, never given before. */
  readonly newId: () => string;
}

export type Decision<Event, Answer> =
  | {
      readonly ok: true;
      /** Appended as one append, in this order. None changes nothing. */
      readonly events: readonly Event[];
      /** What the sender is told. It must survive JSON. */
      readonly answer: Answer;
      /**
       * Trims the stream: what lies before this position goes, together with the append. The position is that of an
       * event, as `project` was given it. The feature's `forget` is told.
       */
      readonly trimBefore?: Position;
    }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

/** A command: decided in the stream's object on committed tables, without an `await`. Input and answer are JSON. */
export interface Command<Input = unknown, Answer = unknown, Event = FeatureEvent> {
  /** Unique in its feature. */
  readonly name: string;
  decide(input: Input, view: View, context: DecideContext): Decision<Event, Answer>;
}

/** A question: answered in the stream's object from committed tables. Writes nothing. Input and answer are JSON. */
export interface Query<Input = unknown, Answer = unknown> {
  /** Unique in its feature. */
  readonly name: string;
  answer(input: Input, view: View, nowMs: number): Answer;
}

/** Something that a stream does by itself when its time has come, as if a command had been sent. */
export interface Timer<Event = FeatureEvent> {
  /** When it is due, in milliseconds since 1970; undefined for never. Asked after every command. */
  dueMs(view: View): number | undefined;
  /** Must put the due time off: with events that do, or else it is asked again after a minute. */
  decide(view: View, context: DecideContext): Decision<Event, unknown>;
}
