/** Append and close (§5.2, §5.2.1, §5.3): decide on committed state, commit at once, then acknowledge. */

import { parseFrames } from "#protocol/body.ts";
import { mediaType, type StreamKind } from "#protocol/content-type.ts";
import { chunkOf } from "#protocol/frames.ts";
import type { IfMatch } from "#protocol/if-match.ts";
import type { Position } from "#protocol/offset.ts";
import { decideProducer, type ProducerStamp, type ProducerState } from "#protocol/producer.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import { acknowledge, makeRoom } from "./flush.ts";
import { refuseMoved } from "./if-match.ts";
import { expire } from "./remove.ts";
import { openStream, type Present, type Stream } from "./stream.ts";

const RETRY_AFTER_SECONDS = 5;

export interface AppendCommand {
  /** Absent only together with an empty body. */
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
  readonly close: boolean;
  readonly producer: ProducerStamp | undefined;
  readonly writerSeq: string | undefined;
  /** Where the stream must still end; never together with a producer. */
  readonly ifMatch?: IfMatch | undefined;
}

/** What an append is decided on. */
export interface AppendView {
  readonly contentType: string;
  readonly kind: StreamKind;
  readonly tail: Position;
  readonly state: "open" | "closed";
  readonly closedBy: ProducerStamp | undefined;
  readonly writerSeq: string | undefined;
  /** The state of the command's producer. */
  readonly producer: ProducerState | undefined;
}

export type AppendDecision =
  | { readonly kind: "append"; readonly frames: readonly Uint8Array[] }
  | { readonly kind: "duplicate"; readonly producer: ProducerState }
  | { readonly kind: "already_closed" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface Appended {
  /** `duplicate`: the producer sent this before, or the stream was closed already; nothing was written. */
  readonly kind: "appended" | "closed" | "duplicate";
  readonly tail: Position;
  readonly closed: boolean;
  readonly producer: ProducerState | undefined;
}

/** Decides in the order closed, content type, body, producer, `If-Match`, `Stream-Seq`. */
export function decideAppend(view: AppendView, command: AppendCommand): AppendDecision {
  if (view.state === "closed") return decideClosed(view, command);
  const empty = command.body.length === 0;
  if (!empty && mediaType(command.contentType ?? "") !== mediaType(view.contentType)) {
    return refused({
      code: "content_type_mismatch",
      message: `The stream's content type is ${view.contentType}; the request's is ${command.contentType}.`,
    });
  }
  const parsed = parseFrames(command.body, view.kind);
  if (!parsed.ok) return refused(parsed.refusal);
  if (!empty && parsed.value.length === 0) {
    return refused({ code: "empty_array", message: "An empty array appends nothing." });
  }
  return (
    decideStamp(view, command) ??
    refuseIf(refuseMoved(view.tail, command.ifMatch)) ??
    decideWriterSeq(view, command) ?? { kind: "append", frames: parsed.value }
  );
}

function decideClosed(view: AppendView, command: AppendCommand): AppendDecision {
  const { closedBy } = view;
  const { producer: stamp } = command;
  if (stamp === undefined && command.close && command.body.length === 0) {
    return { kind: "already_closed" };
  }
  if (
    stamp !== undefined &&
    closedBy?.id === stamp.id &&
    closedBy.epoch === stamp.epoch &&
    closedBy.seq === stamp.seq
  ) {
    return { kind: "duplicate", producer: stamp };
  }
  return refused({
    code: "stream_closed",
    message: "The stream is closed: nothing can be appended any more.",
    tail: view.tail,
  });
}

function decideStamp(view: AppendView, { producer }: AppendCommand): AppendDecision | undefined {
  if (producer === undefined) return undefined;
  const decision = decideProducer(view.producer, producer);
  switch (decision.kind) {
    case "accept":
      return undefined;
    case "duplicate":
      return { kind: "duplicate", producer: decision.state };
    case "fenced":
      return refused({
        code: "producer_fenced",
        message: `A newer instance of this producer has taken over with epoch ${decision.epoch}.`,
        epoch: decision.epoch,
      });
    case "gap":
      return refused({
        code: "producer_gap",
        message: `The next sequence number of this producer is ${decision.expectedSeq}.`,
        expectedSeq: decision.expectedSeq,
        receivedSeq: decision.receivedSeq,
      });
    case "epoch_start":
      return refused({
        code: "producer_epoch_start",
        message: "A new producer epoch starts at sequence number 0.",
      });
  }
}

function refuseIf(refusal: Refusal | undefined): AppendDecision | undefined {
  return refusal === undefined ? undefined : refused(refusal);
}

function decideWriterSeq(view: AppendView, command: AppendCommand): AppendDecision | undefined {
  const { writerSeq } = command;
  if (writerSeq === undefined || view.writerSeq === undefined || writerSeq > view.writerSeq) {
    return undefined;
  }
  return refused({
    code: "stream_seq_conflict",
    message: `Stream-Seq must be greater than ${JSON.stringify(view.writerSeq)}, the last one accepted.`,
  });
}

function refused(refusal: Refusal): AppendDecision {
  return { kind: "refused", refusal };
}

/**
 * Appends, closes, or both in one step.
 *
 * @returns the new tail once the bytes are durable where the acknowledgement mode asks for it
 * @throws StorageFault with effect `unknown` when D1 failed in mode `d1`: the journal has the bytes
 */
export async function append(stream: Stream, command: AppendCommand): Promise<Result<Appended>> {
  for (;;) {
    await stream.turns.next();
    const opened = openStream(stream, expire);
    if (!opened.ok) return opened;
    const decision = decideAppend(viewOf(stream, opened.value, command), command);
    if (decision.kind === "refused") return refuse(decision.refusal);
    if (adds(decision) && stream.journalBytes >= stream.deps.settings.journalBytesMax) {
      if (!(await makeRoom(stream))) return refuseFull();
      // The stream may have changed meanwhile: everything is decided anew.
      continue;
    }
    const { record, tail } = opened.value;
    stream.touch();
    if (decision.kind === "append") commitAppend(stream, command, decision.frames);
    stream.armAlarm();
    await acknowledge(stream, record.id);
    return accept(describe(stream, record.id, command, decision, tail));
  }
}

function viewOf(
  stream: Stream,
  { record, tail, writerSeq }: Present,
  { producer }: AppendCommand,
): AppendView {
  return {
    contentType: record.contentType,
    kind: record.kind,
    tail,
    state: record.state === "closed" ? "closed" : "open",
    closedBy: record.closedBy,
    writerSeq,
    producer: producer === undefined ? undefined : stream.deps.journal.producer(producer.id),
  };
}

function adds(decision: AppendDecision): boolean {
  return decision.kind === "append" && decision.frames.length > 0;
}

/** The refusal of a write while the journal holds as much as it may. */
export function refuseFull() {
  return refuse({
    code: "journal_full",
    message:
      "The stream's journal is full, because the database behind it does not take what was appended. Nothing was written: retry later.",
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

function commitAppend(stream: Stream, command: AppendCommand, frames: readonly Uint8Array[]): void {
  const { slot } = stream;
  if (slot.kind === "absent") return;
  const { record, tail } = slot;
  const { close, producer, writerSeq } = command;
  stream.commit({
    ...(frames.length > 0 ? { chunk: chunkOf(tail, frames) } : {}),
    ...(close ? { record: { ...record, state: "closed", closedBy: producer } } : {}),
    ...(producer === undefined ? {} : { producer }),
    ...(writerSeq === undefined ? {} : { writerSeq }),
  });
  stream.deps.onChange();
}

function describe(
  stream: Stream,
  id: string,
  command: AppendCommand,
  decision: Exclude<AppendDecision, { kind: "refused" }>,
  tailBefore: Position,
): Appended {
  const after = stream.sameStream(id);
  if (decision.kind === "append") {
    const { frames } = decision;
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    return {
      kind: frames.length === 0 ? "closed" : "appended",
      tail: { seq: tailBefore.seq + frames.length, byte: tailBefore.byte + bytes },
      closed: command.close,
      producer: command.producer,
    };
  }
  return {
    kind: "duplicate",
    tail: after?.tail ?? tailBefore,
    closed: after?.record.state === "closed",
    producer: decision.kind === "duplicate" ? decision.producer : undefined,
  };
}
