import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkEnd, chunkOf, type Chunk } from "#protocol/frames.ts";
import { decodeBlock, encodeBlock } from "./block.ts";
import { StorageFault } from "./contract.ts";
import { decodeIntervals, encodeSegment, intervalsOf } from "./segments.ts";

const START = { seq: 2, byte: 77 };
const binary = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), {
  minLength: 1,
  maxLength: 20,
});
const texts = fc.array(fc.string({ minLength: 1, unit: "grapheme" }), {
  minLength: 1,
  maxLength: 20,
});
const encode = (text: string) => new TextEncoder().encode(text);

function expectSame(actual: Chunk | undefined, chunk: Chunk): void {
  expect(actual?.start).toEqual(chunk.start);
  expect(actual?.ends).toEqual(chunk.ends);
  expect(actual && actual.payload.toHex() === chunk.payload.toHex()).toBe(true);
}

describe("blocks of D1", () => {
  it("gives back any bytes of any kind of byte stream", () => {
    fc.assert(
      fc.property(binary, fc.constantFrom("text" as const, "bytes" as const), (frames, kind) => {
        const chunk = chunkOf(START, frames);
        expectSame(decodeBlock(START, encodeBlock(chunk, kind)), chunk);
      }),
    );
  });

  it("keeps text as text, unless a frame alone is none or holds a NUL", () => {
    fc.assert(
      fc.property(texts, (list) => {
        const chunk = chunkOf(START, list.map(encode));
        const block = encodeBlock(chunk, "text");
        expect(block.encoding).toBe(list.join("").includes("\0") ? "base64" : "text");
        expectSame(decodeBlock(START, block), chunk);
      }),
    );
    const e = encode("é");
    const split = chunkOf(START, [e.subarray(0, 1), e.subarray(1)]);
    expect(encodeBlock(split, "text").encoding).toBe("base64");
    expectSame(decodeBlock(START, encodeBlock(split, "text")), split);
  });

  it("keeps a byte order mark", () => {
    const chunk = chunkOf(START, [encode("\uFEFFa")]);
    expectSame(decodeBlock(START, encodeBlock(chunk, "text")), chunk);
  });

  it("keeps JSON as an array that SQLite can read", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), (values) => {
        const chunk = chunkOf(
          START,
          values.map((v) => encode(JSON.stringify(v))),
        );
        const block = encodeBlock(chunk, "json");
        expect(block.encoding).toBe("json");
        expect(JSON.parse(block.body)).toHaveLength(values.length);
        expectSame(decodeBlock(START, block), chunk);
      }),
    );
    const deep = chunkOf(START, [encode("[".repeat(1_001) + "]".repeat(1_001))]);
    expect(encodeBlock(deep, "json").encoding).toBe("base64");
    expectSame(decodeBlock(START, encodeBlock(deep, "json")), deep);
  });

  it.each([
    ["a shorter body", { body: "ab" }, "length"],
    ["another character", { body: "abd" }, "checksum"],
    ["another boundary", { ends: "[2,3]" }, "checksum"],
    ["no list of boundaries", { ends: "[1" }, "decoded"],
    ["no base64", { encoding: "base64" as const, body: '["%"]' }, "decoded"],
    ["more than fits", { encoding: "base64" as const, body: '["YWJjZA=="]' }, "decoded"],
  ])("refuses a block with %s", (_, damage, reason) => {
    const block = encodeBlock(chunkOf(START, [encode("a"), encode("bc")]), "text");
    expect(() => decodeBlock(START, { ...block, ...damage })).toThrow(reason);
    expect(() => decodeBlock(START, { ...block, ...damage })).toThrow(StorageFault);
  });

  it("reads a block from before there were checksums", () => {
    const chunk = chunkOf(START, [encode("a"), encode("bc")]);
    expectSame(decodeBlock(START, { ...encodeBlock(chunk, "text"), checksum: null }), chunk);
  });
});

describe("segments of R2", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 });

  function segmentOf(lengths: readonly number[]) {
    let byte = 0;
    const frames = lengths.map((length) => Uint8Array.from({ length }, () => byte++ * 31));
    const chunk = chunkOf(START, frames);
    const { body, marks, checksums } = encodeSegment([chunk]);
    const segment = { start: START, end: chunkEnd(chunk), key: "k", marks, checksums };
    return { chunk, body, segment, intervals: intervalsOf(segment, START, Infinity) };
  }

  it("gives back every frame", () => {
    fc.assert(
      fc.property(sizes, (lengths) => {
        const { chunk, body, intervals } = segmentOf(lengths);
        expectSame(decodeIntervals(intervals, body), chunk);
      }),
      { numRuns: 30 },
    );
  });

  it.each(["with checksums", "without"])(
    "gives back nothing but frames that were stored, %s, whatever became of the object",
    (checksums) => {
      fc.assert(
        fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 255 }), (lengths, at, flip) => {
          const { chunk, body, segment } = segmentOf(lengths);
          const damagedAt = at % body.length;
          const old = { ...segment, checksums: undefined };
          const intervals = intervalsOf(
            checksums === "without" ? old : segment,
            START,
            chunk.payload.length,
          );
          // Without checksums only the lengths are checked: a shorter object has the same bytes.
          const damaged = checksums === "without" ? body.slice(0, damagedAt) : body.slice();
          if (checksums !== "without") damaged[damagedAt] = (damaged[damagedAt] ?? 0) ^ flip;
          const found = decodeIntervals(intervals, damaged);
          const bytes = found?.payload.length ?? 0;
          expect(bytes).toBeLessThan(chunk.payload.length);
          expect(chunk.ends.slice(0, found?.ends.length ?? 0)).toEqual(found?.ends ?? []);
          if (found !== undefined) expect(sameBytes(found.payload, chunk.payload)).toBe(true);
          // What lies before the damage is given up to the last mark.
          const whole = intervals.filter((i) => i.offset + i.length <= damagedAt).at(-1);
          expect(bytes).toBe((whole?.end.byte ?? START.byte) - START.byte);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each([0, 1, 4_000_000_000])("takes no frame of length %d from an old segment", (length) => {
    const { body, segment } = segmentOf([10, 10, 10]);
    new DataView(body.buffer).setUint32(14, length);
    const intervals = intervalsOf({ ...segment, checksums: undefined }, START, 30);
    expect(decodeIntervals(intervals, body)).toBeUndefined();
  });

  it("reads whole intervals, and at most one more at either side of what is asked for", () => {
    const { segment } = segmentOf(Array.from({ length: 300 }, () => 1_000));
    const from = { seq: START.seq + 70, byte: START.byte + 70_000 };
    const read = intervalsOf(segment, from, 100_000);
    expect([read.length, read[0]?.start, read.at(-1)?.end]).toEqual([
      2,
      segment.marks[1],
      segment.marks[3],
    ]);
  });

  it("marks a frame boundary at least every 64 KiB of small frames", () => {
    const chunk = chunkOf(
      START,
      Array.from({ length: 300 }, () => new Uint8Array(1_000)),
    );
    const { marks, checksums } = encodeSegment([chunk]);
    expect([marks.length, checksums.length]).toEqual([5, 5]);
    marks.slice(1).forEach((m, i) => expect(m.byte - (marks[i]?.byte ?? 0)).toBeLessThan(67_000));
  });
});

function sameBytes(part: Uint8Array, whole: Uint8Array): boolean {
  return part.toHex() === whole.subarray(0, part.length).toHex();
}
