/** Rules about which messages are in the stream, and in which order. */

import { lastRecords, type Placed } from "./layout.ts";
import { label, type Message } from "./messages.ts";
import type { Report } from "./rules.ts";
import type { StreamView } from "./stream-view.ts";

export function checkContent(view: StreamView, report: Report): void {
  checkPresence(view, report);
  checkWhole(view, report);
  checkRealTime(view, report);
  checkWriters(view, report);
  checkOffsets(view, report);
}

function checkPresence({ messages, layout }: StreamView, report: Report): void {
  const found = Map.groupBy(layout.records, (placed) => placed.message);
  for (const message of messages) {
    const times = found.get(message)?.length ?? 0;
    const once = message.records.length;
    if (times > 0 && message.refused) {
      report("refused-is-not-read", `${message.label} was refused and is in the stream`);
    } else if (times < once && (times > 0 || message.acknowledgedMs !== undefined)) {
      const missing = `${times} of ${once} records are in the stream`;
      report("acknowledged-is-read", `${message.label}: ${missing}`);
    } else if (times > once) {
      const rule = message.producer === undefined ? "read-once" : "producer-once";
      report(rule, `${message.label}: ${times} records in place of ${once}`);
    }
  }
  for (const start of layout.foreign) {
    const text = label(layout.content.slice(start, layout.content.indexOf("\n", start) + 1));
    report("only-what-was-sent", `at ${start} is ${text}, which nobody sent`);
  }
}

/** The records of one message must be neighbours, in their order. */
function checkWhole({ layout }: StreamView, report: Report): void {
  const whole = lastRecords(layout.records);
  const starts = new Map(layout.records.map((placed, index) => [placed.start, index]));
  for (const [message, last] of whole) {
    const length = message.records.reduce((sum, record) => sum + record.length, 0);
    const first = starts.get(last.end - length);
    const run =
      first === undefined ? [] : layout.records.slice(first, first + message.records.length);
    const text = run.map(({ start, end }) => layout.content.slice(start, end)).join("");
    if (text !== message.records.join("")) {
      report("whole-appends", `the records of ${message.label} are not beside each other`);
    }
  }
}

/** The first place of each message, in the order of the stream. */
function inOrder(records: readonly Placed[]): Message[] {
  return [...new Set(records.map((placed) => placed.message))];
}

function checkRealTime({ layout }: StreamView, report: Report): void {
  let latest: Message | undefined;
  for (const message of inOrder(layout.records)) {
    const begun = latest?.startMs ?? -Infinity;
    if (message.acknowledgedMs !== undefined && message.acknowledgedMs < begun) {
      const how = `${ms(message.acknowledgedMs)}, before ${latest?.label} began (${ms(begun)})`;
      report("real-time-order", `${message.label} was acknowledged at ${how}, and is behind it`);
    }
    if ((message.startMs ?? -Infinity) > begun) latest = message;
  }
}

const ms = (time: number): string => `${time.toFixed(1)} ms`;

function checkWriters({ layout }: StreamView, report: Report): void {
  const last = new Map<string, Message>();
  let seq: string | undefined;
  for (const message of inOrder(layout.records)) {
    const { producer, streamSeq } = message;
    if (producer !== undefined) {
      const before = last.get(producer.id)?.producer;
      if (before !== undefined && !isAfter(producer, before)) {
        const [now, then] = [producer, before].map((p) => `${p.epoch}/${p.seq}`);
        report("producer-order", `${now} of ${producer.id} is behind ${then}`);
      }
      last.set(producer.id, message);
    }
    if (streamSeq === undefined) continue;
    if (seq !== undefined && streamSeq <= seq) {
      report("stream-seq-order", `Stream-Seq ${streamSeq} is behind ${seq}`);
    }
    seq = streamSeq;
  }
}

type Tuple = { readonly epoch: number; readonly seq: number };

function isAfter(a: Tuple, b: Tuple): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq);
}

function checkOffsets({ layout }: StreamView, report: Report): void {
  for (const conflict of layout.conflicts) report("offsets-increase", conflict);
  const offsets = [...layout.places]
    .filter(([offset]) => offset !== "-1" && offset !== "")
    .toSorted(([, a], [, b]) => a - b);
  // Two offsets may stand for one place: only those of earlier places must be smaller.
  let before = "";
  let here = "";
  let placeHere = -1;
  for (const [offset, place] of offsets) {
    if (place !== placeHere) {
      before = here;
      placeHere = place;
    }
    if (before !== "" && offset <= before) {
      report("offsets-increase", `${offset} at ${place} is not greater than ${before} before it`);
    }
    if (offset > here) here = offset;
  }
}
