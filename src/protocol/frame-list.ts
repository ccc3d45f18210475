/** A run of frames on its way out of a server or into one: `[count u32][length u32 each][payload]`, big-endian. */

import type { Chunk } from "./frames.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";
import type { Position } from "./offset.ts";

const NUMBER_BYTES = 4;

export function encodeFrameList({
  ends,
  payload,
}: Pick<Chunk, "ends" | "payload">): Uint8Array<ArrayBuffer> {
  const headerBytes = (ends.length + 1) * NUMBER_BYTES;
  const bytes = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ends.length);
  let from = 0;
  ends.forEach((end, i) => {
    view.setUint32((i + 1) * NUMBER_BYTES, end - from);
    from = end;
  });
  bytes.set(payload, headerBytes);
  return bytes;
}

/**
 * The frames that begin at a position; undefined unless the bytes are exactly a list of at least one frame, none
 * empty or above {@link MESSAGE_BYTES_MAX}.
 */
export function decodeFrameList(start: Position, bytes: Uint8Array): Chunk | undefined {
  if (bytes.length < NUMBER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0);
  const headerBytes = (count + 1) * NUMBER_BYTES;
  if (count === 0 || bytes.length < headerBytes) return undefined;
  const ends: number[] = [];
  let end = 0;
  for (let i = 1; i <= count; i++) {
    const length = view.getUint32(i * NUMBER_BYTES);
    if (length === 0 || length > MESSAGE_BYTES_MAX) return undefined;
    ends.push((end += length));
  }
  if (bytes.length !== headerBytes + end) return undefined;
  return { start, ends, payload: bytes.subarray(headerBytes) };
}
