/**
 * One stream as its readers saw it: its content, where every message is in it, and which place every offset stands for.
 *
 * The content comes from the last complete catch-up run, since that one should hold everything, and is continued by
 * reads that went further. Every other read is then compared with it. An offset's place is learned from that run first,
 * then from the acknowledgement of the message that ends there, then from the other reads.
 */

import type { HistoryEvent, ReadEvent } from "./history.ts";
import type { Message } from "./messages.ts";

export interface Placed {
  readonly message: Message;
  readonly start: number;
  readonly end: number;
}

export interface Layout {
  readonly content: string;
  readonly places: ReadonlyMap<string, number>;
  /** Offsets that stand for another place than before: `next` of reads is not among them. */
  readonly conflicts: readonly string[];
  /** In the order of the stream: each record that is there, by the message it belongs to. */
  readonly records: readonly Placed[];
  /** Where content is that no writer sent. */
  readonly foreign: readonly number[];
}

const START = "-1";

export function layOut(events: readonly HistoryEvent[], messages: readonly Message[]): Layout {
  const reads = events.filter((e) => e.kind === "read").toSorted((a, b) => a.startMs - b.startMs);
  const places = new Map<string, number>([[START, 0]]);
  for (const event of events) if (event.kind === "create") places.set(event.offset, 0);
  const content = extend(readBase(reads, places), reads, places);
  const { records, foreign } = locate(content, messages);
  const conflicts = placeAcknowledgements(records, places);
  placeReads(reads, places);
  return { content, places, conflicts, records, foreign };
}

/** The content of the last run from the start that reached the end; without one, of the longest run. */
function readBase(reads: readonly ReadEvent[], places: Map<string, number>): string {
  const runs = [...Map.groupBy(reads, (read) => `${read.client} ${read.run}`).values()].filter(
    ([first]) => first?.from === START,
  );
  const complete = runs.filter((run) => run.at(-1)?.upToDate === true);
  const base =
    complete
      .filter((run) => run.every((read) => read.mode === "catch-up"))
      .toSorted((a, b) => startOf(a) - startOf(b))
      .at(-1) ?? runs.toSorted((a, b) => lengthOf(a) - lengthOf(b)).at(-1);
  let content = "";
  for (const read of base ?? []) {
    content += read.content;
    if (!places.has(read.next)) places.set(read.next, content.length);
  }
  return content;
}

const startOf = (run: readonly ReadEvent[]): number => run[0]?.startMs ?? 0;
const lengthOf = (run: readonly ReadEvent[]): number =>
  run.reduce((sum, read) => sum + read.content.length, 0);

/** Continues `base` by what other reads saw after its end, where they agree with it before. */
function extend(
  base: string,
  reads: readonly ReadEvent[],
  places: ReadonlyMap<string, number>,
): string {
  let content = base;
  const known = new Map(places);
  for (const { from, next, content: seen } of reads) {
    const start = known.get(from);
    if (start === undefined || start > content.length) continue;
    const overlap = content.length - start;
    const agrees = content.startsWith(seen.slice(0, overlap), start);
    if (!agrees) continue;
    if (seen.length > overlap) content += seen.slice(overlap);
    if (!known.has(next)) known.set(next, start + seen.length);
  }
  return content;
}

function locate(content: string, messages: readonly Message[]) {
  const known = new Map(messages.flatMap((m) => m.records.map((record) => [record, m] as const)));
  const records: Placed[] = [];
  const foreign: number[] = [];
  for (let start = 0; start < content.length;) {
    const newline = content.indexOf("\n", start);
    const end = newline === -1 ? content.length : newline + 1;
    const record = content.slice(start, end);
    const message = known.get(record);
    if (message !== undefined) records.push({ message, start, end });
    // The last record may go on behind what anybody read.
    else if (newline !== -1 || !startsAny(record, messages)) foreign.push(start);
    start = end;
  }
  return { records, foreign };
}

function startsAny(part: string, messages: readonly Message[]): boolean {
  return messages.some((m) => m.records.some((record) => record.startsWith(part)));
}

/** An append is acknowledged with the offset behind its last record. */
function placeAcknowledgements(records: readonly Placed[], places: Map<string, number>): string[] {
  const conflicts: string[] = [];
  for (const [message, { end }] of lastRecords(records)) {
    for (const { outcome } of message.sends) {
      if (outcome.kind !== "acknowledged" || outcome.offset === "") continue;
      const place = places.get(outcome.offset);
      if (place === undefined) places.set(outcome.offset, end);
      else if (place !== end) {
        conflicts.push(
          `${outcome.offset} acknowledges ${message.label}, which ends at ${end}, but stands for ${place}`,
        );
      }
    }
  }
  return conflicts;
}

/** Where each message ends that is in the stream whole and once. */
export function lastRecords(records: readonly Placed[]): Map<Message, Placed> {
  const found = Map.groupBy(records, (placed) => placed.message);
  const last = new Map<Message, Placed>();
  for (const [message, placed] of found) {
    const end = placed.at(-1);
    if (end !== undefined && placed.length === message.records.length) last.set(message, end);
  }
  return last;
}

function placeReads(reads: readonly ReadEvent[], places: Map<string, number>): void {
  for (const { from, next, content } of reads) {
    const start = places.get(from);
    if (start !== undefined && !places.has(next)) places.set(next, start + content.length);
  }
}
