/**
 * Writes that code above the engine decides: messages, a trim, and rows of its own, in one transaction.
 *
 * The decision is made on the committed stream and committed without an `await` in between, as an append is. The
 * stream in memory follows only once everything is written: a decision that throws leaves nothing anywhere.
 */

import { FOREVER } from "#protocol/expiry.ts";
import { chunkOf } from "#protocol/frames.ts";
import { MESSAGE_BYTES_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import { refuseFull } from "./append.ts";
import { floorOf, makeRecord } from "./create.ts";
import { acknowledge, makeRoom } from "./flush.ts";
import { expire } from "./remove.ts";
import type { Present, Stream } from "./stream.ts";

/** What a write is decided on. */
export interface WriteView {
  /** False where no stream is yet: messages create it. */
  readonly exists: boolean;
  /** The stream's id, or the one that it will have. */
  readonly streamId: string;
  /** Where the first message will begin. */
  readonly tail: Position;
}

export interface Write<Value> {
  /** JSON messages, none of them empty or above {@link MESSAGE_BYTES_MAX} bytes. None leave the stream as it is. */
  readonly messages: readonly Uint8Array[];
  /** The first position that is kept from now on: a boundary of messages, not past the end of this write. */
  readonly trimBefore?: Position | undefined;
  readonly value: Value;
}

/**
 * Decides and commits one write to a JSON stream, which the first messages create.
 *
 * @param decide called in the transaction, once; what it writes into the object's database is part of it
 * @returns the decision's value once the acknowledgement mode's promise is kept; a refusal where the stream is closed,
 *   deleted, or no JSON stream, or while its journal is full
 * @throws StorageFault with effect `unknown` when D1 failed in mode `d1`: the journal has the messages
 */
export async function transact<Value>(
  stream: Stream,
  path: StreamPath,
  decide: (view: WriteView) => Write<Value>,
): Promise<Result<Value>> {
  await stream.turns.next();
  while (stream.journalBytes >= stream.deps.settings.journalBytesMax) {
    if (!(await makeRoom(stream))) return refuseFull();
    await stream.turns.next();
  }
  const present = stream.present(expire);
  const refusal = present === undefined ? undefined : refuseWrite(present);
  if (refusal !== undefined) return refuse(refusal);
  const streamId = present?.record.id ?? stream.deps.newId();
  const tail = present?.tail ?? floorOf(stream);
  const write = stream.deps.transaction(() => {
    const decided = decide({ exists: present !== undefined, streamId, tail });
    commitWrite(stream, path, streamId, decided);
    return decided;
  });
  if (write.messages.length > 0 || write.trimBefore !== undefined) stream.deps.onChange();
  stream.armAlarm();
  // A repeated request has nothing to write, but what it is told must be as safe as it was the first time.
  await acknowledge(stream, streamId);
  return accept(write.value);
}

/** Why a stream is not one of JSON messages; undefined when it is. */
export function refuseStream({ record }: Present): Refusal | undefined {
  if (record.state === "gone") {
    const message = "This stream was deleted; it is kept only for the forks that read it.";
    return { code: "stream_deleted", message };
  }
  if (record.kind === "json") return undefined;
  const message = `Messages are JSON; the stream's content type is ${record.contentType}.`;
  return { code: "content_type_mismatch", message };
}

function refuseWrite(present: Present): Refusal | undefined {
  const refusal = refuseStream(present);
  if (refusal !== undefined || present.record.state !== "closed") return refusal;
  const message = "The stream is closed: nothing can be appended any more.";
  return { code: "stream_closed", message, tail: present.tail };
}

/** The last step of the transaction: memory changes with the last statement, after which nothing can fail. */
function commitWrite<Value>(
  stream: Stream,
  path: StreamPath,
  id: string,
  { messages, trimBefore }: Write<Value>,
): void {
  if (messages.some((m) => m.length === 0 || m.length > MESSAGE_BYTES_MAX)) {
    throw new Error(`A message must have 1 to ${MESSAGE_BYTES_MAX} bytes.`);
  }
  const { slot } = stream;
  if (slot.kind === "absent") {
    if (messages.length > 0) putMessages(stream, path, id, messages);
    return;
  }
  const { record, tail } = slot;
  const chunk = messages.length > 0 ? chunkOf(tail, messages) : undefined;
  if (trimBefore !== undefined && trimBefore.byte > record.base.byte) {
    stream.trim(trimBefore, chunk);
  } else if (chunk !== undefined) stream.commit({ chunk });
}

function putMessages(
  stream: Stream,
  path: StreamPath,
  id: string,
  messages: readonly Uint8Array[],
): void {
  const base = floorOf(stream);
  const record = makeRecord(
    stream,
    { path, lifetime: FOREVER, retention: undefined, closed: false },
    {
      id,
      contentType: "application/json",
      lifetime: FOREVER,
      base,
      origin: base,
      lineage: [],
      fork: undefined,
    },
  );
  stream.put(record, chunkOf(base, messages), undefined);
}
