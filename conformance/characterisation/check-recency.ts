/** Rules about time: what was known before a request began must show in its answer. */

import type { HistoryEvent, ReadEvent } from "./history.ts";
import { lastRecords } from "./layout.ts";
import type { Report } from "./rules.ts";
import type { StreamView } from "./stream-view.ts";

interface Known<T> {
  readonly atMs: number;
  readonly value: T;
}

export function checkRecency(view: StreamView, report: Report): void {
  const reads = view.events.filter((e) => e.kind === "read");
  const written = latest(writtenEnds(view), (a, b) => a > b);
  const seen = latest(
    reads.flatMap((read) => {
      const value = endOf(view, read);
      return value === undefined ? [] : [{ atMs: read.endMs, value }];
    }),
    (a, b) => a > b,
  );
  for (const read of reads) {
    const end = read.upToDate ? endOf(view, read) : undefined;
    if (end === undefined) continue;
    const who = `${read.client} (${read.mode}) from ${read.from} was up to date at ${end}`;
    const own = written(read.startMs) ?? 0;
    const others = seen(read.startMs) ?? 0;
    if (end < own) report("read-your-writes", `${who}; appends up to ${own} were acknowledged`);
    else if (end < others) report("reads-never-go-back", `${who}; others had read up to ${others}`);
  }
  checkHeads(view.events, report);
}

function writtenEnds({ layout }: StreamView): Known<number>[] {
  return [...lastRecords(layout.records)].flatMap(([{ acknowledgedMs: atMs }, { end: value }]) =>
    atMs === undefined ? [] : [{ atMs, value }],
  );
}

/** Where a read ended, if it agrees with the stream about that. */
function endOf({ layout }: StreamView, read: ReadEvent): number | undefined {
  const start = layout.places.get(read.from);
  const end = layout.places.get(read.next);
  return start !== undefined && end === start + read.content.length ? end : undefined;
}

function checkHeads(events: readonly HistoryEvent[], report: Report): void {
  const offsets = events.flatMap((event) => {
    const value = offsetOf(event);
    return value === undefined ? [] : [{ atMs: event.endMs, value }];
  });
  const known = latest(offsets, (a, b) => a > b);
  for (const event of events) {
    if (event.kind !== "head") continue;
    const before = known(event.startMs) ?? "";
    if (event.offset >= before) continue;
    report("head-never-goes-back", `HEAD shows ${event.offset} after ${before} was known`);
  }
}

function offsetOf(event: HistoryEvent): string | undefined {
  if (event.kind === "head" || event.kind === "create") return event.offset;
  if (event.kind === "read") return event.next;
  if (event.kind === "append" && event.outcome.kind === "acknowledged") return event.outcome.offset;
  return undefined;
}

/** The greatest value that was known before a time. */
function latest<T>(
  known: readonly Known<T>[],
  isGreater: (a: T, b: T) => boolean,
): (beforeMs: number) => T | undefined {
  const greatest: Known<T>[] = [];
  for (const { atMs, value } of known.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = greatest.at(-1);
    if (last === undefined || isGreater(value, last.value)) greatest.push({ atMs, value });
  }
  return (beforeMs) => {
    let [low, high] = [0, greatest.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((greatest[middle]?.atMs ?? Infinity) < beforeMs) low = middle + 1;
      else high = middle;
    }
    return greatest[low - 1]?.value;
  };
}
