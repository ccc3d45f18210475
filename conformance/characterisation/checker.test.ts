/** The checker on histories made by hand: a correct one, and for every rule some that break it and no other. */

import { describe, expect, it } from "vitest";
import { check } from "./checker.ts";
import {
  A,
  AB,
  B,
  CORRECT,
  CREATED,
  UNKNOWN,
  append,
  at,
  by,
  closed,
  finalRead,
  head,
  read,
  refused,
  to,
} from "./example-history.ts";
import type { History } from "./history.ts";
import { rules, type Rule } from "./rules.ts";

const BROKEN: Readonly<Record<Rule, Readonly<Record<string, History>>>> = {
  "acknowledged-is-read": {
    "a lost append": [...AB, append("c\n", [5, 6], to("3")), finalRead("2", "a\nb\n")],
    "half an append": [...AB, append(["c\n", "d\n"], [5, 6], UNKNOWN), finalRead("3", "a\nb\nc\n")],
  },
  "read-once": {
    "an append made twice": [...AB, finalRead("3", "a\nb\na\n")],
    "an unknown append made twice": [
      ...AB,
      append("c\n", [5, 6], UNKNOWN),
      finalRead("4", "a\nb\nc\nc\n"),
    ],
  },
  "refused-is-not-read": {
    "a refused append": [...AB, append("c\n", [5, 6], refused(409)), finalRead("3", "a\nb\nc\n")],
  },
  "only-what-was-sent": {
    "a record of nobody": [...AB, finalRead("2", "a\nx\nb\n")],
    "a piece without an end": [...AB, finalRead("3", "a\nb\nx")],
  },
  "whole-appends": {
    "an append inside another": [
      CREATED,
      append("b\n", [1, 2], to("2")),
      append(["c\n", "d\n"], [1, 2], to("3")),
      finalRead("3", "c\nb\nd\n"),
    ],
    "records in another order": [
      CREATED,
      append(["c\n", "d\n"], [1, 2], to("3")),
      finalRead("3", "d\nc\n"),
    ],
    "an end inside an append": [
      ...AB,
      append(["c\n", "d\n"], [5, 9], to("3")),
      read(["-1", "2x"], "a\nb\nc\n", [6, 7]),
      finalRead("3", "a\nb\nc\nd\n"),
    ],
  },
  "real-time-order": {
    "the later append first": [
      CREATED,
      append("a\n", [1, 2], to("2")),
      append("b\n", [3, 4], to("1")),
      finalRead("2", "b\na\n"),
    ],
  },
  "one-order": {
    "another order": [...AB, read(["-1", "3"], "b\na\n", [6, 7]), finalRead("2", "a\nb\n")],
    "other data behind an acknowledged offset": [
      ...AB,
      read(["1", "3"], "a\n", [6, 7]),
      finalRead("2", "a\nb\n"),
    ],
  },
  "stable-ranges": {
    "other bytes": [...AB, read(["-1", "2"], "a\nc\n", [6, 7]), finalRead("2", "a\nb\n")],
    "fewer bytes": [...AB, read(["-1", "2"], "a\n", [6, 7]), finalRead("2", "a\nb\n")],
  },
  resume: {
    "a repetition": [
      ...AB,
      read(["-1", "1"], "a\n", [1.5, 2.5]),
      read(["1", "2"], "a\nb\n", [6, 7]),
      finalRead("2", "a\nb\n"),
    ],
    "a gap": [
      ...AB,
      append("c\n", [5, 6], to("3")),
      read(["-1", "1"], "a\n", [1.5, 2.5]),
      read(["1", "3"], "c\n", [7, 8]),
      finalRead("3", "a\nb\nc\n"),
    ],
    "a gap before the next offset": [
      ...AB,
      read(["0", "1"], "a\n", [1.5, 2.5]),
      read(["1", "2"], "", [6, 7]),
      finalRead("2", "a\nb\n"),
    ],
  },
  "offsets-increase": {
    "a smaller acknowledgement": [
      CREATED,
      append("a\n", [1, 2], to("9")),
      append("b\n", [3, 4], to("2")),
      finalRead("2", "a\nb\n"),
    ],
    "numbers that are no text": [
      CREATED,
      append("a\n", [1, 2], to("9")),
      append("b\n", [3, 4], to("10")),
      finalRead("10", "a\nb\n"),
    ],
    "one offset for two places": [
      CREATED,
      append("a\n", [1, 2], to("2")),
      B,
      finalRead("2", "a\nb\n"),
    ],
  },
  "reads-are-answered": {
    "an offset that is forgotten": [
      ...AB,
      { kind: "refused-read", ...at([6, 7]), mode: "sse", from: "1", status: 410 },
      finalRead("2", "a\nb\n"),
    ],
    "a server that is gone in the end": [
      ...AB,
      finalRead("2", "a\nb\n"),
      { kind: "refused-read", ...at([102, 103]), mode: "catch-up", from: "-1", status: 0 },
    ],
    "an answer that is no JSON": [
      ...AB,
      { kind: "refused-read", ...at([6, 7]), mode: "sse", from: "1", status: 200 },
      finalRead("2", "a\nb\n"),
    ],
  },
  "read-your-writes": {
    "an old end": [...AB, read(["-1", "1"], "a\n", [6, 7]), finalRead("2", "a\nb\n")],
    "an old end without data": [
      ...AB,
      read(["1", "1"], "", [6, 7], { mode: "long-poll" }),
      finalRead("2", "a\nb\n"),
    ],
  },
  "reads-never-go-back": {
    "an append that is gone for a while": [
      ...AB,
      append("c\n", [5, 90], to("3")),
      read(["-1", "3"], "a\nb\nc\n", [6, 7]),
      read(["-1", "2"], "a\nb\n", [8, 9], { client: "other" }),
      finalRead("3", "a\nb\nc\n"),
    ],
    "an unknown append that is gone for ever": [
      ...AB,
      append("c\n", [5, 6], UNKNOWN),
      read(["-1", "3"], "a\nb\nc\n", [7, 8], { mode: "sse" }),
      finalRead("2", "a\nb\n"),
    ],
  },
  "head-never-goes-back": {
    "behind an append": [...AB, head("1", [6, 7]), finalRead("2", "a\nb\n")],
    "behind another HEAD": [
      CREATED,
      A,
      append("b\n", [3, 90], to("2")),
      head("2", [5, 6]),
      head("1", [7, 8]),
      finalRead("2", "a\nb\n"),
    ],
  },
  "closed-is-final": {
    "growth behind the close": [
      CREATED,
      A,
      append("b\n", [3, 9], to("2")),
      closed("1", [5, 6]),
      finalRead("2", "a\nb\n", { upToDate: false }),
    ],
    "growth behind the closing append": [
      CREATED,
      append("a\n", [1, 5], to(""), { closes: true }),
      append("b\n", [3, 9], to("2")),
      finalRead("2", "a\nb\n", { upToDate: false }),
    ],
    "two ends": [
      ...AB,
      closed("2", [8, 9]),
      read(["-1", "1"], "a\n", [2, 10], { mode: "sse", closed: true }),
      finalRead("2", "a\nb\n", { closed: true }),
    ],
    "a reader that is not told": [...AB, closed("2", [8, 9]), finalRead("2", "a\nb\n")],
    "a HEAD that does not show it": [
      ...AB,
      closed("2", [8, 9]),
      head("2", [10, 11]),
      finalRead("2", "a\nb\n", { closed: true }),
    ],
  },
  "closed-refuses": {
    "another refusal": [
      ...AB,
      closed("2", [8, 9]),
      append("c\n", [10, 11], refused(400)),
      finalRead("2", "a\nb\n", { closed: true }),
    ],
    "an acknowledgement without an append": [
      ...AB,
      closed("2", [8, 9]),
      append("b\n", [10, 11], to("2")),
      finalRead("2", "a\nb\n", { closed: true }),
    ],
  },
  "producer-once": {
    "a message made twice": [
      ...AB,
      append("c\n", [5, 6], to("3"), by(0, 0)),
      append("c\n", [5, 7], to("4"), by(0, 0)),
      finalRead("4", "a\nb\nc\nc\n"),
    ],
  },
  "producer-order": {
    "sequence numbers": [
      CREATED,
      append("c\n", [5, 6], to("2"), by(0, 0)),
      append("d\n", [5, 6], to("1"), by(0, 1)),
      finalRead("2", "d\nc\n"),
    ],
    epochs: [
      CREATED,
      append("c\n", [5, 6], to("1"), by(1, 0)),
      append("d\n", [5, 6], to("2"), by(0, 7)),
      finalRead("2", "c\nd\n"),
    ],
  },
  "stream-seq-order": {
    "a smaller one behind": [
      CREATED,
      append("c\n", [5, 6], to("1"), { streamSeq: "b" }),
      append("d\n", [5, 6], to("2"), { streamSeq: "a" }),
      finalRead("2", "c\nd\n"),
    ],
  },
};

const found = (history: History) => [...new Set(check(history).map((v) => v.rule))];

it("finds nothing in a correct history", () => {
  expect(check(CORRECT)).toEqual([]);
  expect(check([...AB, finalRead("2", "a\nb\n")])).toEqual([]);
});

it("looks at each stream by itself", () => {
  const other = CORRECT.map((event) => ({ ...event, stream: "t" }));
  const lost = append("c\n", [5, 6], to("3"));
  expect(check([...other, ...AB, lost, finalRead("2", "a\nb\n")])).toMatchObject([
    { rule: "acknowledged-is-read", stream: "s" },
  ]);
});

describe.each(Object.entries(BROKEN))("%s", (rule, histories) => {
  it.each(Object.entries(histories))(`is broken, and nothing else is, by %s`, (_, history) => {
    expect(found(history)).toEqual([rule]);
  });
});

it("finds a growing closed stream by both rules", () => {
  const history = [
    CREATED,
    A,
    closed("1", [2.5, 2.6]),
    B,
    finalRead("2", "a\nb\n", { upToDate: false }),
  ];
  expect(found(history).toSorted()).toEqual(["closed-is-final", "closed-refuses"]);
});

it("has a sentence for every rule", () => {
  for (const sentence of Object.values(rules)) expect(sentence).toMatch(/^.{20,}$/);
});
