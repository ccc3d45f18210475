/**
 * Frames: the units a stream is made of. A frame is one JSON message, or one append of a byte stream (cut every
 * {@link FRAME_BYTES_MAX}). A chunk is a run of consecutive frames and the form in which bytes travel between tiers.
 */

import type { StreamKind } from "./content-type.ts";
import { CHUNK_FRAMES_MAX, FRAME_BYTES_MAX } from "./limits.ts";
import type { Position } from "./offset.ts";

export interface Chunk {
  readonly start: Position;
  /** Where each frame ends, in bytes after `start.byte`: strictly increasing, the last is `payload.length`. */
  readonly ends: readonly number[];
  /** The frames' bytes, one after the other, with nothing between them. */
  readonly payload: Uint8Array;
  /** The last frame goes on where this chunk ends: the chunk was cut where a fork leaves its source, say. */
  readonly cut?: boolean;
}

const OPEN = 0x5b;
const COMMA = 0x2c;
const CLOSE = 0x5d;
const NOTHING = new Uint8Array();

/** The position after the last byte of a chunk. A frame that is cut there does not count yet. */
export function chunkEnd({ start, ends, payload, cut }: Chunk): Position {
  const frames = cut === true ? ends.length - 1 : ends.length;
  return { seq: start.seq + frames, byte: start.byte + payload.length };
}

/** The frames of a chunk, without a copy. */
export function splitFrames({ ends, payload }: Chunk): Uint8Array[] {
  return ends.map((end, i) => payload.subarray(i === 0 ? 0 : ends[i - 1], end));
}

/** A chunk of whole frames. No frame is empty. */
export function chunkOf(start: Position, frames: readonly Uint8Array[]): Chunk {
  const ends: number[] = [];
  let length = 0;
  for (const frame of frames) ends.push((length += frame.length));
  const [first] = frames;
  if (first !== undefined && areAdjacent(frames)) {
    return { start, ends, payload: new Uint8Array(first.buffer, first.byteOffset, length) };
  }
  const payload = new Uint8Array(length);
  frames.forEach((frame, i) => payload.set(frame, i === 0 ? 0 : ends[i - 1]));
  return { start, ends, payload };
}

/** Whether frames lie one after the other in one buffer, as those do that were cut out of one body. */
function areAdjacent(frames: readonly Uint8Array[]): boolean {
  return frames.every((frame, i) => {
    const before = frames[i - 1];
    return (
      before === undefined ||
      (before.buffer === frame.buffer && before.byteOffset + before.length === frame.byteOffset)
    );
  });
}

/** Cuts the body of an append to a byte stream into frames; none when it is empty. */
export function cutFrames(body: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += FRAME_BYTES_MAX) {
    frames.push(body.subarray(at, at + FRAME_BYTES_MAX));
  }
  return frames;
}

/**
 * The part of a chunk from a position on. In byte streams the position may lie inside a frame; of a JSON message
 * there is no part.
 *
 * @param bytesMax only the frames that fit into it, at least one
 * @returns undefined when the position is not in the chunk, or is none that this server minted
 */
export function sliceFrom(
  chunk: Chunk,
  from: Position,
  kind: StreamKind,
  bytesMax = Infinity,
): Chunk | undefined {
  const index = from.seq - chunk.start.seq;
  const cut = from.byte - chunk.start.byte;
  const end = chunk.ends[index];
  if (end === undefined || cut < 0 || cut >= end) return undefined;
  const frameStart = index === 0 ? 0 : (chunk.ends[index - 1] ?? 0);
  if (cut < frameStart || (kind === "json" && cut !== frameStart)) return undefined;
  if (cut === 0) return takeFrames(chunk, bytesMax);
  const ends = chunk.ends.slice(index, countFitting(chunk, cut + bytesMax, index));
  const payload = chunk.payload.subarray(cut, ends.at(-1));
  return { ...chunk, start: from, ends: ends.map((e) => e - cut), payload, ...endOf(chunk, ends) };
}

/** The part of a chunk before a position: the whole of it when it ends there. A frame may be cut (a fork's end). */
export function sliceUntil(chunk: Chunk, until: Position): Chunk | undefined {
  const length = until.byte - chunk.start.byte;
  if (length <= 0) return undefined;
  if (length >= chunk.payload.length) return chunk;
  const ends = chunk.ends.filter((e) => e < length);
  ends.push(length);
  const cut = !chunk.ends.includes(length);
  return { start: chunk.start, ends, payload: chunk.payload.subarray(0, length), cut };
}

/** The frames from the front that fit into `bytesMax`, at least one. */
export function takeFrames(chunk: Chunk, bytesMax: number): Chunk {
  if (chunk.payload.length <= bytesMax) return chunk;
  const ends = chunk.ends.slice(0, countFitting(chunk, bytesMax, 0));
  return { ...chunk, ends, payload: chunk.payload.subarray(0, ends.at(-1)), ...endOf(chunk, ends) };
}

/** What of a chunk's cut is left to a part of it: only its last frame is cut. */
function endOf({ cut, payload }: Chunk, ends: readonly number[]): Pick<Chunk, "cut"> {
  return cut === true ? { cut: ends.at(-1) === payload.length } : {};
}

/** How many frames end at or before a byte of the payload: the one at an index at least. */
function countFitting({ ends }: Chunk, byte: number, index: number): number {
  let low = index + 1;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ends[middle - 1] ?? 0) <= byte) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where the frame with a number begins; undefined when the chunk does not hold it. */
export function findFrame(chunk: Chunk, seq: number): Position | undefined {
  const index = seq - chunk.start.seq;
  if (index === 0) return chunk.start;
  const end = index < chunk.ends.length ? chunk.ends[index - 1] : undefined;
  return end === undefined ? undefined : { seq, byte: chunk.start.byte + end };
}

/** The total of the chunks' payload, in bytes. */
export function payloadBytes(chunks: readonly Chunk[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.payload.length;
  return bytes;
}

/** The chunks' payload in one array, without a copy when there is one chunk. */
export function joinPayload(chunks: readonly Chunk[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only.payload;
  const joined = new Uint8Array(payloadBytes(chunks));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk.payload, at);
    at += chunk.payload.length;
  }
  return joined;
}

/** One chunk of consecutive chunks. */
export function joinChunks(chunks: readonly [Chunk, ...Chunk[]]): Chunk {
  const [first] = chunks;
  if (chunks.length === 1) return first;
  const ends: number[] = [];
  for (const chunk of chunks) {
    const shift = chunk.start.byte - first.start.byte;
    for (const end of chunk.ends) ends.push(end + shift);
  }
  return { start: first.start, ends, payload: joinPayload(chunks) };
}

/** The body of a read (§5.6): the bytes, or for JSON the array of the messages (§9.1.5), built without parsing. */
export function formatBody(chunks: readonly Chunk[], kind: StreamKind): Uint8Array {
  return kind === "json" ? formatArray(chunks) : joinPayload(chunks);
}

// Every message has to move by another distance. The payload is put at the end of the body in large pieces, and from
// there each message moves to its place, which is never after where it is: nothing is allocated for a message.
function formatArray(chunks: readonly Chunk[]): Uint8Array {
  let messages = 0;
  for (const chunk of chunks) messages += chunk.ends.length;
  const bytes = payloadBytes(chunks);
  const body = new Uint8Array(bytes + Math.max(0, messages - 1) + 2);
  let source = body.length - bytes;
  for (let i = 0, at = source; i < chunks.length; i++) {
    const payload = chunks[i]?.payload ?? NOTHING;
    body.set(payload, at);
    at += payload.length;
  }
  let at = 0;
  for (const { ends } of chunks) {
    let from = 0;
    for (const end of ends) {
      body[at] = at === 0 ? OPEN : COMMA;
      at += 1;
      body.copyWithin(at, source + from, source + end);
      at += end - from;
      from = end;
    }
    source += from;
  }
  if (messages === 0) body[0] = OPEN;
  body[body.length - 1] = CLOSE;
  return body;
}

/**
 * Cuts a chunk between frames so that no part is above `bytesMax`, unless one frame is, or has more than
 * {@link CHUNK_FRAMES_MAX} frames.
 */
export function cutChunk(chunk: Chunk, bytesMax: number): Chunk[] {
  if (chunk.payload.length <= bytesMax && chunk.ends.length <= CHUNK_FRAMES_MAX) return [chunk];
  const parts: Chunk[] = [];
  let first = 0;
  let from = 0;
  chunk.ends.forEach((end, i) => {
    const next = chunk.ends[i + 1];
    const fits = next !== undefined && next - from <= bytesMax && i + 1 - first < CHUNK_FRAMES_MAX;
    if (fits) return;
    parts.push({
      start: { seq: chunk.start.seq + first, byte: chunk.start.byte + from },
      ends: chunk.ends.slice(first, i + 1).map((e) => e - from),
      payload: chunk.payload.subarray(from, end),
    });
    first = i + 1;
    from = end;
  });
  return parts;
}

/** Joins consecutive chunks, and cuts them where needed, into chunks as large as `bytesMax` allows. */
export function packChunks(chunks: readonly Chunk[], bytesMax: number): Chunk[] {
  const packed: Chunk[] = [];
  let open: Chunk[] = [];
  let bytes = 0;
  let frames = 0;
  for (const part of chunks.flatMap((c) => cutChunk(c, bytesMax))) {
    const fits =
      bytes + part.payload.length <= bytesMax && frames + part.ends.length <= CHUNK_FRAMES_MAX;
    if (!fits) {
      packed.push(...joinAll(open));
      open = [];
      bytes = 0;
      frames = 0;
    }
    open.push(part);
    bytes += part.payload.length;
    frames += part.ends.length;
  }
  return [...packed, ...joinAll(open)];
}

function joinAll(chunks: readonly Chunk[]): Chunk[] {
  const [first, ...rest] = chunks;
  return first === undefined ? [] : [joinChunks([first, ...rest])];
}
