/** What was read once is read again without a request to R2, within its bound and with the very same bytes. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { chunkEnd, chunkOf, joinPayload, sliceFrom, type Chunk } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import { StorageFault, type Segment, type Segments } from "./contract.ts";
import { SegmentCache } from "./segment-cache.ts";
import { openSegments } from "./segments.ts";

const MIB = 1_048_576;
const FRAME_BYTES = 1_000;
const START = { seq: 0, byte: 0 };

interface Bucket {
  readonly segments: Segments;
  readonly reads: () => number;
}

/** The real bucket, and how often it was read. */
function openBucket(): Bucket {
  const segments = openSegments(env.SEGMENTS);
  let reads = 0;
  return {
    segments: {
      ...segments,
      read: (...question) => {
        reads += 1;
        return segments.read(...question);
      },
    },
    reads: () => reads,
  };
}

let made = 0;

async function makeSegment(mebibytes: number) {
  const count = (mebibytes * MIB) / FRAME_BYTES;
  const frames = Array.from({ length: count }, (_, i) => new Uint8Array(FRAME_BYTES).fill(i));
  const chunk = chunkOf(START, frames);
  made += 1;
  return { chunk, segment: await openSegments(env.SEGMENTS).put(`cached-${made}`, [chunk]) };
}

const at = (seq: number): Position => ({ seq, byte: seq * FRAME_BYTES });

async function readAt(segments: Segments, segment: Segment, from: Position, bytes = MIB) {
  const [chunk] = await segments.read(segment, from, "json", bytes);
  if (chunk === undefined) throw new Error("Nothing was read.");
  return chunk;
}

function expectPart(part: Chunk, whole: Chunk, from: Position): void {
  const rest = sliceFrom(whole, from, "json");
  const expected = rest && joinPayload([rest]).subarray(0, part.payload.length);
  expect(part.start).toEqual(from);
  expect(part.ends.at(-1)).toBe(part.payload.length);
  expect(expected !== undefined && part.payload.every((byte, i) => byte === expected[i])).toBe(
    true,
  );
}

describe("segments that were read lately", () => {
  it("are read again from memory, from any frame of what was read", async () => {
    const { chunk, segment } = await makeSegment(3);
    const bucket = openBucket();
    const cached = new SegmentCache(16 * MIB).open(bucket.segments);
    const first = await readAt(cached, segment, at(0));
    expectPart(first, chunk, at(0));
    // R2 was asked for the next page as well.
    expectPart(await readAt(cached, segment, chunkEnd(first)), chunk, chunkEnd(first));
    expect(bucket.reads()).toBe(1);
    for (const seq of [0, 1, 999, 1_080]) {
      const again = await readAt(cached, segment, at(seq));
      expectPart(again, chunk, at(seq));
      // Whoever has read before, a page is the same: its ETag says where it ends.
      expect(again.ends).toEqual((await readAt(openBucket().segments, segment, at(seq))).ends);
    }
    expect(bucket.reads()).toBe(1);
  });

  it("give all frames up to the next mark, however few are asked for and however large they are", async () => {
    const sizes = [60_000, MIB, 10, 70_000, MIB, 1];
    const frames = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    const segments = openSegments(env.SEGMENTS);
    const segment = await segments.put("cached-large", [chunkOf(START, frames)]);
    const bucket = openBucket();
    const cached = new SegmentCache(16 * MIB).open(bucket.segments);
    await readAt(cached, segment, START, 4 * MIB);
    expect(segment.marks).toHaveLength(4);
    for (const mark of segment.marks) {
      const few = await readAt(cached, segment, mark, 1);
      expect(few.ends).toEqual((await readAt(segments, segment, mark, 1)).ends);
    }
    expect(bucket.reads()).toBe(1);
  });

  it("are asked for in R2 where less than a page is known", async () => {
    const { chunk, segment } = await makeSegment(6);
    const bucket = openBucket();
    const cached = new SegmentCache(16 * MIB).open(bucket.segments);
    await readAt(cached, segment, at(0));
    const next = await readAt(cached, segment, at(2_500));
    expect(bucket.reads()).toBe(2);
    expectPart(next, chunk, at(2_500));
    // The last frames of the segment are all there are: they are a page, however few.
    await readAt(cached, segment, at(chunk.ends.length - 500));
    await readAt(cached, segment, at(chunk.ends.length - 2));
    expect(bucket.reads()).toBe(3);
  });

  it("are asked for once by many who want the same, and kept once", async () => {
    const [first, other] = [await makeSegment(4), await makeSegment(1)];
    const bucket = openBucket();
    const cached = new SegmentCache(4.5 * MIB).open(bucket.segments);
    await readAt(cached, other.segment, at(0));
    const pages = await Promise.all(
      Array.from({ length: 8 }, () => readAt(cached, first.segment, at(0))),
    );
    for (const page of pages) expectPart(page, first.chunk, at(0));
    expect(bucket.reads()).toBe(2);
    // A part of what is kept takes no room besides it.
    await readAt(cached, first.segment, at(3_700));
    await readAt(cached, first.segment, at(3_600));
    expect(bucket.reads()).toBe(4);
    await readAt(cached, other.segment, at(0));
    expect(bucket.reads()).toBe(4);
  });

  it("that could not be read are asked for again", async () => {
    const { chunk, segment } = await makeSegment(1);
    const store = openSegments(env.SEGMENTS);
    let fails = true;
    const cached = new SegmentCache(16 * MIB).open({
      ...store,
      read: (...question) =>
        fails ? Promise.reject(new StorageFault("Away.", "none")) : store.read(...question),
    });
    await expect(readAt(cached, segment, at(0))).rejects.toThrow("Away.");
    fails = false;
    expectPart(await readAt(cached, segment, at(0)), chunk, at(0));
  });

  it("know no position that is none", async () => {
    const { segment } = await makeSegment(1);
    const bucket = openBucket();
    const cached = new SegmentCache(16 * MIB).open(bucket.segments);
    await readAt(cached, segment, at(0));
    expect(await cached.read(segment, { seq: 1, byte: 999 }, "json", MIB)).toEqual([]);
    expect(await cached.read(segment, { seq: 1, byte: 999 }, "bytes", MIB)).toEqual([]);
  });

  it("take no more memory than they may, all together, and forget the least recently used", async () => {
    const bucket = openBucket();
    const cache = new SegmentCache(3 * MIB);
    const [one, other] = [cache.open(bucket.segments), cache.open(bucket.segments)];
    const [a, b, c] = [await makeSegment(1), await makeSegment(1), await makeSegment(1)];
    await readAt(one, a.segment, at(0));
    await readAt(other, b.segment, at(0));
    await readAt(one, a.segment, at(0));
    expect(bucket.reads()).toBe(2);
    await readAt(one, c.segment, at(0));
    await readAt(one, a.segment, at(0));
    expect(bucket.reads()).toBe(3);
    await readAt(other, b.segment, at(0));
    expect(bucket.reads()).toBe(4);
  });

  it("are each object's own", async () => {
    const { segment } = await makeSegment(1);
    const bucket = openBucket();
    const cache = new SegmentCache(16 * MIB);
    await readAt(cache.open(bucket.segments), segment, at(0));
    await readAt(cache.open(bucket.segments), segment, at(0));
    expect(bucket.reads()).toBe(2);
  });

  it("keep nothing that is larger than all of them may be", async () => {
    const { segment } = await makeSegment(1);
    const bucket = openBucket();
    const cached = new SegmentCache(MIB).open(bucket.segments);
    await readAt(cached, segment, at(0));
    await readAt(cached, segment, at(0));
    expect(bucket.reads()).toBe(2);
  });
});
