/** How much of a stream one answer may hold, where its reader says so: `limit` and `max-bytes`. */

import type { StreamKind } from "./content-type.ts";
import { joinPayload, sliceUntil, type Chunk } from "./frames.ts";
import { incompleteTail } from "./utf8.ts";

/** Both are whole numbers from 1 on; undefined leaves it to the server's own limit. */
export interface Bounds {
  /** Messages of a JSON stream, frames of another. */
  readonly frames: number | undefined;
  /** Payload bytes. */
  readonly bytes: number | undefined;
}

export const UNBOUNDED: Bounds = { frames: undefined, bytes: undefined };

/**
 * The chunks from the front that the bounds allow, at least one message or one byte.
 *
 * JSON messages stay whole, whatever their size. Every byte of another stream has an offset of its own: it is cut
 * where the bytes end, in text before a character that does not fit as a whole, unless nothing would be left.
 *
 * @param chunks consecutive
 */
export function takeBounded(
  chunks: readonly Chunk[],
  kind: StreamKind,
  { frames, bytes }: Bounds,
): readonly Chunk[] {
  const counted = frames === undefined ? chunks : takeCount(chunks, frames);
  if (bytes === undefined) return counted;
  return kind === "json" ? takeWhole(counted, bytes) : cutAt(counted, kind, bytes);
}

/** Counts by number: what a fork has inherited of an append, and what it appended there itself, are one frame. */
function takeCount(chunks: readonly Chunk[], count: number): Chunk[] {
  const endSeq = (chunks[0]?.start.seq ?? 0) + count;
  return chunks.flatMap((chunk) =>
    chunk.start.seq < endSeq ? [firstFrames(chunk, endSeq - chunk.start.seq)] : [],
  );
}

function takeWhole(chunks: readonly Chunk[], bytesMax: number): Chunk[] {
  const taken: Chunk[] = [];
  let left = bytesMax;
  for (const chunk of chunks) {
    const fitting = chunk.ends.filter((end) => end <= left).length;
    const count = taken.length === 0 ? Math.max(1, fitting) : fitting;
    if (count > 0) taken.push(firstFrames(chunk, count));
    if (count < chunk.ends.length) break;
    left -= chunk.payload.length;
  }
  return taken;
}

function firstFrames(chunk: Chunk, count: number): Chunk {
  if (count >= chunk.ends.length) return chunk;
  const ends = chunk.ends.slice(0, count);
  return { start: chunk.start, ends, payload: chunk.payload.subarray(0, ends.at(-1)) };
}

function cutAt(chunks: readonly Chunk[], kind: StreamKind, bytesMax: number): readonly Chunk[] {
  const [first] = chunks;
  if (first === undefined) return chunks;
  const until = (byte: number) =>
    chunks.flatMap((chunk) => sliceUntil(chunk, { seq: 0, byte }) ?? []);
  const end = first.start.byte + bytesMax;
  const cut = until(end);
  const last = cut.at(-1);
  const isWhole = last === undefined || last.start.byte + last.payload.length < end;
  if (kind !== "text" || isWhole) return cut;
  // A character is at most four bytes, and a chunk at least one.
  const tail = last.payload.length >= 4 ? last.payload : joinPayload(cut.slice(-4));
  const before = end - incompleteTail(tail);
  return before > first.start.byte ? until(before) : cut;
}
