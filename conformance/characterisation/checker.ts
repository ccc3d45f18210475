/** History → violations. Pure: the same history always gives the same list. */

import { checkClosure } from "./check-closure.ts";
import { checkContent } from "./check-content.ts";
import { checkReads } from "./check-reads.ts";
import { checkRecency } from "./check-recency.ts";
import type { History } from "./history.ts";
import { layOut } from "./layout.ts";
import { groupMessages } from "./messages.ts";
import type { Report, Violation } from "./rules.ts";

export function check(history: History): Violation[] {
  const violations: Violation[] = [];
  for (const [stream, events] of Map.groupBy(history, (event) => event.stream)) {
    const report: Report = (rule, message) => violations.push({ rule, stream, message });
    const messages = groupMessages(events.filter((e) => e.kind === "append"));
    const view = { events, messages, layout: layOut(events, messages) };
    checkContent(view, report);
    checkReads(view, report);
    checkRecency(view, report);
    checkClosure(view, report);
  }
  return violations;
}
