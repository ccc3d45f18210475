/** Where the last messages of a stream begin. Looked up by number, tier by tier: the stream is not read. */

import type { Position } from "#protocol/offset.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { StorageFault } from "#storage/contract.ts";
import { collect, openRead } from "./read.ts";
import { seek } from "./seek.ts";
import type { Present, Stream } from "./stream.ts";

/**
 * The position that lies `count` messages (JSON) or frames (otherwise) before the tail of the moment, or the first
 * that the stream still has. Counts as a use of the stream.
 *
 * @throws StorageFault with effect `none` when a tier does not answer
 */
export async function openLast(stream: Stream, count: number): Promise<Result<Position>> {
  const opened = openRead(stream, { kind: "now" });
  const { slot } = stream;
  if (!opened.ok || slot.kind === "absent") return opened;
  const { id } = slot.record;
  const position = await locate(stream, slot, slot.tail.seq - count);
  const now = stream.sameStream(id);
  if (now === undefined) {
    return refuse({ code: "stream_not_found", message: "The stream was deleted." });
  }
  // A trim may have gone past it meanwhile.
  const { base } = now.record;
  return accept(position === undefined || position.byte < base.byte ? base : position);
}

/** The position of the frame with a number; undefined when the stream has it no more. */
async function locate(
  stream: Stream,
  { record }: Present,
  seq: number,
): Promise<Position | undefined> {
  if (seq <= record.base.seq) return undefined;
  try {
    const found = stream.cache.locate(seq) ?? (await seek(stream, record.id, "seq", seq));
    return await wholeFrame(stream, record, found);
  } catch (error) {
    const base = stream.sameStream(record.id)?.record.base ?? record.base;
    // A store that lacks what is trimmed while it is looked for has not failed.
    if (!(error instanceof StorageFault) || seq > base.seq) throw error;
    return undefined;
  }
}

/**
 * Where a frame begins of which a fork has inherited the first part: the fork's own part follows it under the same
 * number. It begins where the frame before it ends.
 */
async function wholeFrame(
  stream: Stream,
  { id, kind, origin, lineage }: Present["record"],
  own: Position,
): Promise<Position> {
  if (lineage.length === 0 || own.byte !== origin.byte) return own;
  const before = await seek(stream, id, "seq", own.seq - 1);
  const [chunk] = await collect(stream, id, before, kind, 1);
  const end = chunk?.ends[0];
  return end === undefined ? own : { seq: own.seq, byte: before.byte + end };
}
