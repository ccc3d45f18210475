/**
 * Segments: cold history, in R2. An object is frames, each `[u32 big-endian length][payload]`, and nothing else.
 *
 * The key follows from the stream's id and the positions of the first and last byte: a compaction that is repeated
 * after a crash writes the same bytes under the same key, and no other stream ever uses it.
 */

import { chunkEnd, sliceFrom, type Chunk } from "#protocol/frames.ts";
import { formatOffset, type Position } from "#protocol/offset.ts";
import { attempt } from "./attempt.ts";
import { StorageFault, type Segment, type Segments } from "./contract.ts";

const LENGTH_BYTES = 4;
const MARK_EVERY_BYTES = 65_536;

/** Binds the segments to a bucket. */
export function openSegments(bucket: R2Bucket): Segments {
  return {
    keyOf: (streamId, chunks) => describe(streamId, chunks).key,

    async put(streamId, chunks) {
      const { body, marks } = encodeSegment(chunks);
      const { start, end, key } = describe(streamId, chunks);
      await attempt("R2", "unknown", () => bucket.put(key, body));
      return { start, end, key, marks };
    },

    async read(segment, from, kind, bytesMax) {
      const mark = segment.marks.findLast((m) => m.seq <= from.seq && m.byte <= from.byte);
      if (mark === undefined) return [];
      const offset = fileOffset(segment, mark);
      const range = { offset, length: rangeBytes(segment, mark, from, bytesMax) };
      const object = await attempt("R2", "none", () => bucket.get(segment.key, { range }));
      if (object === null) throw new StorageFault(`R2 has no object ${segment.key}.`, "none");
      const bytes = new Uint8Array(await attempt("R2", "none", () => object.arrayBuffer()));
      const chunk = decodeFrames(mark, bytes);
      const part = chunk === undefined ? undefined : sliceFrom(chunk, from, kind);
      return part === undefined ? [] : [part];
    },

    async remove(keys) {
      await attempt("R2", "unknown", () => bucket.delete([...keys]));
    },

    async erase(streamId) {
      for (;;) {
        const { objects } = await attempt("R2", "none", () =>
          bucket.list({ prefix: prefix(streamId) }),
        );
        if (objects.length === 0) return;
        await attempt("R2", "unknown", () => bucket.delete(objects.map((o) => o.key)));
      }
    },
  };
}

/** The bytes of a segment, and the frame boundaries that reads may begin at. */
export function encodeSegment(chunks: readonly Chunk[]): { body: Uint8Array; marks: Position[] } {
  let length = 0;
  for (const { ends, payload } of chunks) length += payload.length + ends.length * LENGTH_BYTES;
  const body = new Uint8Array(length);
  const view = new DataView(body.buffer);
  const marks: Position[] = [];
  let at = 0;
  for (const { start, ends, payload } of chunks) {
    let from = 0;
    ends.forEach((end, i) => {
      const position = { seq: start.seq + i, byte: start.byte + from };
      const lastMark = marks.at(-1);
      if (lastMark === undefined || position.byte - lastMark.byte >= MARK_EVERY_BYTES) {
        marks.push(position);
      }
      view.setUint32(at, end - from);
      body.set(payload.subarray(from, end), at + LENGTH_BYTES);
      at += LENGTH_BYTES + end - from;
      from = end;
    });
  }
  return { body, marks };
}

/**
 * The whole frames at the front of `bytes`; undefined when there is none. A frame that is cut off is left out.
 *
 * @param bytes given away: the frames are moved together in place
 */
export function decodeFrames(start: Position, bytes: Uint8Array): Chunk | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends: number[] = [];
  let at = 0;
  let length = 0;
  while (at + LENGTH_BYTES <= bytes.length) {
    const from = at + LENGTH_BYTES;
    const end = from + view.getUint32(at);
    if (end > bytes.length) break;
    bytes.copyWithin(length, from, end);
    ends.push((length += end - from));
    at = end;
  }
  return ends.length === 0 ? undefined : { start, ends, payload: bytes.subarray(0, length) };
}

function describe(streamId: string, chunks: readonly [Chunk, ...Chunk[]]) {
  const [{ start }] = chunks;
  const end = chunkEnd(chunks.at(-1) ?? chunks[0]);
  return { start, end, key: `${prefix(streamId)}${formatOffset(start)}-${formatOffset(end)}` };
}

function prefix(streamId: string): string {
  return `segments/${streamId}/`;
}

/** Where a frame that begins at a position lies in the object: its payload, and a length for every frame before. */
function fileOffset({ start }: Segment, at: Position): number {
  return at.byte - start.byte + (at.seq - start.seq) * LENGTH_BYTES;
}

/** Enough to hold `bytesMax` of frames after `from`, or up to the mark after that, where a larger frame ends. */
function rangeBytes(segment: Segment, mark: Position, from: Position, bytesMax: number): number {
  const beyond = segment.marks.find((m) => m.byte >= from.byte + bytesMax) ?? segment.end;
  return fileOffset(segment, beyond) - fileOffset(segment, mark);
}
