/**
 * Segments: cold history, in R2. An object is frames, each `[u32 big-endian length][payload]`, and nothing else.
 *
 * The row in D1 lists frame boundaries, the marks, and the checksum of what lies between each and the next. A read
 * covers whole intervals and believes none before it has been checked: what is damaged is never served.
 *
 * The key follows from the stream's id and the positions of the first and last byte: a compaction that is repeated
 * after a crash writes the same bytes under the same key, and no other stream ever uses it.
 */

import { chunkEnd, sliceFrom, type Chunk } from "#protocol/frames.ts";
import { formatOffset, type Position } from "#protocol/offset.ts";
import { attempt } from "./attempt.ts";
import { checksum } from "./checksum.ts";
import { StorageFault, type Segment, type Segments } from "./contract.ts";

const LENGTH_BYTES = 4;
const MARK_EVERY_BYTES = 65_536;

/** Binds the segments to a bucket. */
export function openSegments(bucket: R2Bucket): Segments {
  return {
    keyOf: (streamId, chunks) => describe(streamId, chunks).key,

    async put(streamId, chunks) {
      const { body, marks, checksums } = encodeSegment(chunks);
      const { start, end, key } = describe(streamId, chunks);
      await attempt("R2", "unknown", () => bucket.put(key, body));
      return { start, end, key, marks, checksums };
    },

    async read(segment, from, kind, bytesMax) {
      const intervals = intervalsOf(segment, from, bytesMax);
      const [first] = intervals;
      const last = intervals.at(-1);
      if (first === undefined || last === undefined) return [];
      const range = { offset: first.offset, length: last.offset + last.length - first.offset };
      const object = await attempt("R2", "none", () => bucket.get(segment.key, { range }));
      if (object === null) throw new StorageFault(`R2 has no object ${segment.key}.`, "none");
      const bytes = new Uint8Array(await attempt("R2", "none", () => object.arrayBuffer()));
      const chunk = decodeIntervals(intervals, bytes);
      if (chunk === undefined) {
        const { seq, byte } = first.start;
        throw new StorageFault(
          `The object ${segment.key} in R2 is damaged after message ${seq}, byte ${byte}.`,
          "none",
        );
      }
      const part = sliceFrom(chunk, from, kind);
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

/** The bytes of a segment, the frame boundaries that reads may begin at, and the checksums from each to the next. */
export function encodeSegment(chunks: readonly Chunk[]): {
  body: Uint8Array;
  marks: Position[];
  checksums: number[];
} {
  let length = 0;
  for (const { ends, payload } of chunks) length += payload.length + ends.length * LENGTH_BYTES;
  const body = new Uint8Array(length);
  const view = new DataView(body.buffer);
  const marks: Position[] = [];
  const checksums: number[] = [];
  let at = 0;
  let markedAt = 0;
  for (const { start, ends, payload } of chunks) {
    let from = 0;
    ends.forEach((end, i) => {
      const position = { seq: start.seq + i, byte: start.byte + from };
      const lastMark = marks.at(-1);
      if (lastMark === undefined || position.byte - lastMark.byte >= MARK_EVERY_BYTES) {
        if (lastMark !== undefined) checksums.push(checksum(body.subarray(markedAt, at)));
        marks.push(position);
        markedAt = at;
      }
      view.setUint32(at, end - from);
      body.set(payload.subarray(from, end), at + LENGTH_BYTES);
      at += LENGTH_BYTES + end - from;
      from = end;
    });
  }
  checksums.push(checksum(body.subarray(markedAt)));
  return { body, marks, checksums };
}

/** What lies between two marks: the unit that is read and checked. */
export interface Interval {
  readonly start: Position;
  readonly end: Position;
  /** Where it begins in the object. */
  readonly offset: number;
  readonly length: number;
  /** Undefined in segments from before there were checksums: then the lengths alone are checked. */
  readonly checksum: number | undefined;
}

/**
 * The intervals to read for `bytesMax` of frames from a position on: from the mark before it to the mark after them,
 * where a larger frame ends too. At most two intervals' worth is read beyond what was asked for.
 */
export function intervalsOf(segment: Segment, from: Position, bytesMax: number): Interval[] {
  const { start, end, marks, checksums } = segment;
  const first = marks.findLastIndex((m) => m.seq <= from.seq && m.byte <= from.byte);
  if (first < 0) return [];
  const beyond = marks.findIndex((m) => m.byte >= from.byte + bytesMax);
  return marks.slice(first, beyond < 0 ? undefined : beyond).map((mark, i) => {
    const next = marks[first + i + 1] ?? end;
    const offset = fileOffset(start, mark);
    const length = fileOffset(start, next) - offset;
    return { start: mark, end: next, offset, length, checksum: checksums?.[first + i] };
  });
}

/**
 * The frames of the intervals up to the first that is damaged or cut off.
 *
 * @param bytes the object from the first interval's beginning on; given away: the frames are moved together in place
 * @returns undefined when not even the first interval is whole
 */
export function decodeIntervals(
  intervals: readonly Interval[],
  bytes: Uint8Array,
): Chunk | undefined {
  const [first] = intervals;
  const ends: number[] = [];
  let at = 0;
  for (const interval of intervals) {
    const part = bytes.subarray(at, at + interval.length);
    // Frames move towards the front only: what lies in the following intervals is as it was read.
    if (interval.checksum !== undefined && checksum(part) !== interval.checksum) break;
    const whole = ends.length;
    if (!decodeFrames(bytes, at, interval, ends)) {
      ends.length = whole;
      break;
    }
    at += interval.length;
  }
  const length = ends.at(-1);
  if (first === undefined || length === undefined) return undefined;
  return { start: first.start, ends, payload: bytes.subarray(0, length) };
}

/**
 * Moves the frames of one interval to the end of those before it, and notes where each ends.
 *
 * @returns whether they fill the interval exactly and are as many as its marks say
 */
function decodeFrames(
  bytes: Uint8Array,
  offset: number,
  { start, end, length }: Interval,
  ends: number[],
): boolean {
  const until = offset + length;
  if (until > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = ends.length + end.seq - start.seq;
  let at = offset;
  let to = ends.at(-1) ?? 0;
  while (ends.length < count && at + LENGTH_BYTES < until) {
    const from = at + LENGTH_BYTES;
    at = from + view.getUint32(at);
    // No frame is empty, and none reaches past the next mark.
    if (at === from || at > until) return false;
    bytes.copyWithin(to, from, at);
    ends.push((to += at - from));
  }
  return ends.length === count && at === until;
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
function fileOffset(start: Position, at: Position): number {
  return at.byte - start.byte + (at.seq - start.seq) * LENGTH_BYTES;
}
