import { describe, expect, it } from "vitest";
import { decideAppend, type AppendCommand, type AppendView } from "./append.ts";

const open: AppendView = {
  contentType: "application/json",
  kind: "json",
  tail: { seq: 1, byte: 2 },
  state: "open",
  closedBy: undefined,
  writerSeq: "b",
  producer: { epoch: 1, seq: 4 },
};
const closedBy = { id: "p", epoch: 1, seq: 4 };
const closed: AppendView = { ...open, state: "closed", closedBy };

const command: AppendCommand = {
  contentType: "application/json",
  body: new TextEncoder().encode("[1,2]"),
  close: false,
  producer: undefined,
  writerSeq: undefined,
};
const wrongType = { contentType: "text/plain" };
const gap = { producer: { id: "p", epoch: 1, seq: 9 } };
const stale = { writerSeq: "a" };
const elsewhere = {
  ifMatch: { kind: "tails", tags: ["0000000000000000_0000000000000000"] },
} as const;
const here = { ifMatch: { kind: "tails", tags: ["0000000000000001_0000000000000002"] } } as const;
const closeOnly = { body: new Uint8Array(), close: true, contentType: undefined };

describe("the decision of an append (§5.2, §5.2.1)", () => {
  it.each([
    ["plain", open, {}, "append"],
    ["next of its producer", open, { producer: { id: "p", epoch: 1, seq: 5 } }, "append"],
    ["repeat of its producer", open, { producer: { id: "p", epoch: 1, seq: 3 } }, "duplicate"],
    ["close without a body", open, closeOnly, "append"],
    ["still at the tail", open, here, "append"],
    ["close, still at the tail", open, { ...closeOnly, ...here }, "append"],
    ["any stream", open, { ifMatch: { kind: "any" } } as const, "append"],
    ["close again, from elsewhere", closed, { ...closeOnly, ...elsewhere }, "already_closed"],
    ["close without a body, any content type", open, { ...closeOnly, ...wrongType }, "append"],
    ["close again", closed, closeOnly, "already_closed"],
    ["repeat of the closing request", closed, { producer: closedBy }, "duplicate"],
  ])("%s", (_, view, change, kind) => {
    expect(decideAppend(view, { ...command, ...change }).kind).toBe(kind);
  });

  it.each([
    ["closed before all else", closed, { ...wrongType, ...gap, ...stale }, "stream_closed"],
    ["content type next", open, { ...wrongType, ...gap, ...stale }, "content_type_mismatch"],
    ["producer next", open, { ...gap, ...stale }, "producer_gap"],
    ["If-Match next", open, { ...elsewhere, ...stale }, "precondition_failed"],
    ["Stream-Seq last", open, { ...here, ...stale }, "stream_seq_conflict"],
    ["closed before If-Match", closed, elsewhere, "stream_closed"],
    ["content type before If-Match", open, { ...wrongType, ...elsewhere }, "content_type_mismatch"],
    ["close from elsewhere", open, { ...closeOnly, ...elsewhere }, "precondition_failed"],
    ["equal Stream-Seq", open, { writerSeq: "b" }, "stream_seq_conflict"],
    ["fenced", open, { producer: { id: "p", epoch: 0, seq: 0 } }, "producer_fenced"],
    ["new epoch", open, { producer: { id: "p", epoch: 2, seq: 1 } }, "producer_epoch_start"],
    ["empty array", open, { body: new TextEncoder().encode("[]") }, "empty_array"],
    ["bad JSON", open, { body: new TextEncoder().encode("{") }, "invalid_json"],
    ["append and close again", closed, { close: true }, "stream_closed"],
    ["another producer closes again", closed, { ...closeOnly, ...gap }, "stream_closed"],
  ])("refuses: %s", (_, view, change, code) => {
    const decision = decideAppend(view, { ...command, ...change });
    expect(decision.kind === "refused" && decision.refusal.code).toBe(code);
  });
});
