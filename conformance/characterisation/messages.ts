/** The appends of a history as messages: one for each set of records, however often it was sent. */

import type { AppendEvent, ProducerTuple } from "./history.ts";

export interface Message {
  /** The start of the first record, for a person. */
  readonly label: string;
  readonly records: readonly string[];
  readonly sends: readonly AppendEvent[];
  readonly producer: ProducerTuple | undefined;
  readonly streamSeq: string | undefined;
  /** Undefined: not before any time. A refused request is surely without effect, so it does not count. */
  readonly startMs: number | undefined;
  /** When the first answer came that says it is in the stream. */
  readonly acknowledgedMs: number | undefined;
  readonly refused: boolean;
}

const LABEL_CHARS = 40;

export function label(text: string): string {
  const shown = JSON.stringify(text.slice(0, LABEL_CHARS));
  return text.length > LABEL_CHARS ? `${shown}… (${text.length})` : shown;
}

export function groupMessages(appends: readonly AppendEvent[]): Message[] {
  const groups = Map.groupBy(appends, (append) => append.records.join(""));
  return [...groups.values()].flatMap((sends) => toMessage(sends) ?? []);
}

function toMessage(sends: readonly AppendEvent[]): Message | undefined {
  const [first] = sends;
  if (first === undefined) return undefined;
  const inEffect = sends.filter((s) => s.outcome.kind !== "refused");
  const acknowledged = inEffect.filter((s) => s.outcome.kind !== "unknown");
  return {
    label: label(first.records[0] ?? ""),
    records: first.records,
    sends,
    producer: first.producer,
    streamSeq: first.streamSeq,
    startMs: least(inEffect.map((s) => s.startMs)),
    acknowledgedMs: least(acknowledged.map((s) => s.endMs)),
    refused: inEffect.length === 0,
  };
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}
