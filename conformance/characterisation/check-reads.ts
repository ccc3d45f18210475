/** Rules about single reads: each must agree with the stream, with the other reads, and with its reader's last one. */

import type { ReadEvent } from "./history.ts";
import { label } from "./messages.ts";
import type { Report } from "./rules.ts";
import type { StreamView } from "./stream-view.ts";

/** No answer, too many requests, unavailable. */
const PATIENCE: ReadonlySet<number> = new Set([0, 429, 503]);

export function checkReads(view: StreamView, report: Report): void {
  const reads = view.events.filter((e) => e.kind === "read");
  const changed = changedRanges(reads);
  checkRanges(reads, changed, report);
  const steps = new Set(reads.map((read) => stepOf(read, read.next)));
  for (const read of reads) {
    // A changed range is reported once, by its own rule, and not for every read of it.
    if (changed.has(rangeOf(read))) continue;
    checkRead(view, read, steps.has(stepOf(read, read.from)), report);
  }
  checkEnds(view, reads, report);
  checkAnswers(view, reads, report);
}

/** A busy server may ask for patience, and a connection may be lost, as long as the next try is answered. */
function checkAnswers({ events }: StreamView, reads: readonly ReadEvent[], report: Report): void {
  const refused = events.filter((e) => e.kind === "refused-read");
  for (const { mode, from, status } of refused) {
    if (PATIENCE.has(status)) continue;
    report("reads-are-answered", `${mode} from ${from} was answered with ${status}`);
  }
  const lastMs = reads.reduce((last, read) => Math.max(last, read.endMs), -Infinity);
  const after = refused.filter(({ startMs, status }) => startMs > lastMs && PATIENCE.has(status));
  if (after.length === 0) return;
  report("reads-are-answered", `no read was answered any more, ${after.length} times`);
}

const rangeOf = (read: ReadEvent): string => `${read.from} to ${read.next}`;

const stepOf = ({ client, run }: ReadEvent, offset: string): string => `${client} ${run} ${offset}`;

function changedRanges(reads: readonly ReadEvent[]): ReadonlySet<string> {
  const seen = new Map<string, string>();
  const changed = new Set<string>();
  for (const read of reads) {
    const range = rangeOf(read);
    const before = seen.get(range);
    if (before === undefined) seen.set(range, read.content);
    else if (before !== read.content) changed.add(range);
  }
  return changed;
}

function checkRanges(
  reads: readonly ReadEvent[],
  changed: ReadonlySet<string>,
  report: Report,
): void {
  for (const range of changed) {
    const contents = new Set(reads.filter((r) => rangeOf(r) === range).map((r) => r.content));
    const shown = [...contents].slice(0, 2).map(label).join(" and ");
    report("stable-ranges", `${range} was read as ${shown}`);
  }
}

/** @param goesOn whether the reader was given the offset by its read before */
function checkRead({ layout }: StreamView, read: ReadEvent, goesOn: boolean, report: Report): void {
  const start = layout.places.get(read.from);
  if (start === undefined) return;
  const { content } = read;
  const who = `${read.client} (${read.mode}) from ${read.from}`;
  if (!layout.content.startsWith(content, start)) {
    const elsewhere = goesOn ? layout.content.indexOf(content) : -1;
    if (elsewhere === -1) {
      const expected = label(layout.content.slice(start, start + content.length));
      report("one-order", `${who} read ${label(content)} where others read ${expected}`);
    } else {
      const what = elsewhere < start ? "repeats" : "leaves out";
      const chars = Math.abs(elsewhere - start);
      report("resume", `${who} ${what} ${chars} bytes before ${label(content)}`);
    }
    return;
  }
  const end = layout.places.get(read.next);
  const chars = start + content.length - (end ?? start + content.length);
  if (chars === 0) return;
  const what = chars < 0 ? "left out" : "given again at the next read";
  report("resume", `${who} to ${read.next}: ${Math.abs(chars)} bytes are ${what}`);
}

/** Data that ends inside an append, and is said to be all there is. */
function checkEnds({ layout }: StreamView, reads: readonly ReadEvent[], report: Report): void {
  const ends = new Set([0, layout.content.length]);
  for (const { message, start, end } of layout.records) {
    if (layout.content.slice(start, end) === message.records.at(-1)) ends.add(end);
  }
  // Where a record of nobody ends is not this rule's concern.
  for (const start of layout.foreign) ends.add(layout.content.indexOf("\n", start) + 1);
  for (const { from, next, content, upToDate, client } of reads) {
    const start = layout.places.get(from);
    if (!upToDate || start === undefined || layout.places.get(next) !== start + content.length) {
      continue;
    }
    if (ends.has(start + content.length)) continue;
    report("whole-appends", `${client} was told that ${next}, inside an append, is the end`);
  }
}
