/** Rules about closed streams. */

import type { AppendEvent, HistoryEvent } from "./history.ts";
import { label } from "./messages.ts";
import type { Report } from "./rules.ts";
import type { StreamView } from "./stream-view.ts";

const FORBIDDEN = 403;
const CONFLICT = 409;
const TOO_MANY_REQUESTS = 429;

interface Closure {
  readonly atMs: number;
  /** "" when the answer named none. */
  readonly offset: string;
}

export function checkClosure(view: StreamView, report: Report): void {
  const closures = view.events.flatMap((event) => closureOf(event) ?? []);
  const [first] = closures.toSorted((a, b) => a.atMs - b.atMs);
  if (first === undefined) return;
  checkEnd(view, closures, report);
  for (const event of view.events) {
    if (event.startMs <= first.atMs) continue;
    if (event.kind === "append") checkLateAppend(event, report);
    const isOpenEnd = event.kind === "read" && event.upToDate && !event.closed;
    if (isOpenEnd || (event.kind === "head" && !event.closed)) {
      report("closed-is-final", `${event.client} (${event.kind}) was not told that it is closed`);
    }
  }
}

/** What an answer says about the end of a closed stream. */
function closureOf(event: HistoryEvent): Closure | undefined {
  const atMs = event.endMs;
  if (event.kind === "close") {
    return event.offset === undefined ? undefined : { atMs, offset: event.offset };
  }
  if (event.kind === "read") return event.closed ? { atMs, offset: event.next } : undefined;
  if (event.kind === "head") return event.closed ? { atMs, offset: event.offset } : undefined;
  if (event.kind !== "append") return undefined;
  const { outcome } = event;
  if (outcome.kind === "acknowledged") {
    return event.closes ? { atMs, offset: outcome.offset } : undefined;
  }
  if (outcome.kind !== "refused" || outcome.final === undefined) return undefined;
  return { atMs, offset: outcome.final };
}

function checkEnd(
  { layout, messages }: StreamView,
  closures: readonly Closure[],
  report: Report,
): void {
  const finals = [...new Set(closures.map((c) => c.offset))].filter((offset) => offset !== "");
  if (finals.length > 1) {
    report("closed-is-final", `the stream ended at ${finals.toSorted().join(", ")}`);
  }
  const place = finals.length === 1 ? layout.places.get(finals[0] ?? "") : undefined;
  if (place !== undefined && place < layout.content.length) {
    const behind = label(layout.content.slice(place));
    report("closed-is-final", `${behind} is behind the final offset ${finals[0]}`);
  }
  for (const { sends, label: text } of messages) {
    const made = sends.some((s) => s.closes && s.outcome.kind === "acknowledged");
    const last = layout.records.at(-1)?.message;
    if (!made || last === undefined || last.sends === sends) continue;
    if (layout.records.some((placed) => placed.message.sends === sends)) {
      report("closed-is-final", `${last.label} is behind ${text}, which closed the stream`);
    }
  }
}

/** A repeated message of a producer may be answered as one; everything else must be refused. */
function checkLateAppend(event: AppendEvent, report: Report): void {
  const { client, records, outcome, producer } = event;
  const text = label(records[0] ?? "");
  if (outcome.kind === "acknowledged") {
    report("closed-refuses", `${text} of ${client} was acknowledged after the close`);
  } else if (outcome.kind === "refused") {
    const { status } = outcome;
    if (status === CONFLICT || status === TOO_MANY_REQUESTS) return;
    // A fenced producer may be told that first.
    if (status === FORBIDDEN && producer !== undefined) return;
    report("closed-refuses", `${text} of ${client} was refused with ${status} after the close`);
  }
}
