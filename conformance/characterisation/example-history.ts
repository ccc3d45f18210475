/** Histories made by hand, of one stream "s": what they are made of, and one of a server that keeps all rules. */

import type { AppendEvent, History, HistoryEvent, ReadEvent } from "./history.ts";

type Times = readonly [startMs: number, endMs: number];

export const at = ([startMs, endMs]: Times, client = "w") => ({
  stream: "s",
  client,
  startMs,
  endMs,
});
export const to = (offset: string) => ({ kind: "acknowledged", offset }) as const;
export const refused = (status: number, final?: string) =>
  ({ kind: "refused", status, ...(final === undefined ? {} : { final }) }) as const;
export const UNKNOWN = { kind: "unknown" } as const;
export const DUPLICATE = { kind: "duplicate" } as const;

export const CREATED: HistoryEvent = { kind: "create", ...at([0, 0.5]), offset: "0" };

export function append(
  records: string | readonly string[],
  times: Times,
  outcome: AppendEvent["outcome"],
  more: Partial<AppendEvent> = {},
): AppendEvent {
  const list = [records].flat();
  return { kind: "append", ...at(times), records: list, closes: false, outcome, ...more };
}

export function read(
  [from, next]: readonly [string, string],
  content: string,
  times: Times,
  more: Partial<ReadEvent> = {},
): ReadEvent {
  const flags = { upToDate: true, closed: false };
  const event = { kind: "read", mode: "catch-up", run: 0, from, next, content } as const;
  return { ...event, ...at(times, "reader"), ...flags, ...more };
}

/** What is read when all is over. */
export const finalRead = (next: string, content: string, more: Partial<ReadEvent> = {}) =>
  read(["-1", next], content, [100, 101], { client: "final", ...more });

export const closed = (offset: string, times: Times): HistoryEvent => ({
  kind: "close",
  ...at(times),
  offset,
});
export const head = (offset: string, times: Times, isClosed = false): HistoryEvent => ({
  kind: "head",
  ...at(times),
  offset,
  closed: isClosed,
});

export const by = (epoch: number, seq: number) => ({ producer: { id: "p", epoch, seq } });
export const A = append("a\n", [1, 2], to("1"));
export const B = append("b\n", [3, 4], to("2"));
export const AB: History = [CREATED, A, B];

/** Everything that may happen on a server that keeps all rules. */
export const CORRECT: History = [
  ...AB,
  head("1", [2.5, 3.5]),
  append("c\n", [5, 7], to("3"), by(0, 0)),
  append("c\n", [5, 7.5], DUPLICATE, by(0, 0)),
  append("gap\n", [5, 6], refused(409), by(0, 2)),
  append(["d\n", "e\n"], [5, 9], to("4"), by(0, 1)),
  append("late\n", [5, 9], refused(409), { streamSeq: "1" }),
  append("f\n", [5, 9], to("5"), { streamSeq: "2" }),
  append("lost\n", [5, 9], UNKNOWN),
  append("there\n", [5, 9], UNKNOWN),
  append("new\n", [9, 10], to("7"), by(1, 0)),
  append("zombie\n", [10, 11], refused(403), by(0, 2)),
  append("end\n", [12, 20], to("8"), { closes: true }),
  append("race\n", [12, 20], refused(409, "8"), { closes: true }),
  append("b too\n", [21, 22], refused(409, "8")),
  closed("8", [21, 22]),
  append("c\n", [21, 22], DUPLICATE, by(0, 0)),
  head("8", [30, 31], true),
  read(["-1", "1"], "a\n", [1.5, 2.1], { mode: "sse" }),
  read(["1", "3"], "b\nc\n", [1.5, 6], { mode: "sse" }),
  read(["3", "3"], "", [7, 7.1], { mode: "long-poll" }),
  // A page that ends inside a record, and says that there is more.
  read(["3", "3x"], "d", [10, 11], { upToDate: false }),
  read(["3x", "8"], "\ne\nf\nthere\nnew\nend\n", [23, 24], { closed: true }),
  read(["2", "5"], "c\nd\ne\nf\n", [9, 10], { client: "anywhere", upToDate: false }),
  { kind: "refused-read", ...at([1, 2]), mode: "catch-up", from: "-1", status: 429 },
  finalRead("8", "a\nb\nc\nd\ne\nf\nthere\nnew\nend\n", { closed: true }),
];
