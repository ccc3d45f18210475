import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkOf, joinChunks, type Chunk } from "#protocol/frames.ts";
import { decodeBlock, encodeBlock } from "./block.ts";
import { decodeFrames, encodeSegment } from "./segments.ts";

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

  it("refuses a block whose body has another length than was stored", () => {
    const block = encodeBlock(chunkOf(START, [encode("abc")]), "text");
    expect(() => decodeBlock(START, { ...block, body: "ab" })).toThrow("not the length");
  });
});

describe("segments of R2", () => {
  it("gives back every frame, and whole frames of a part", () => {
    fc.assert(
      fc.property(binary, fc.nat(), (frames, n) => {
        const chunk = chunkOf(START, frames);
        const { body, marks } = encodeSegment([chunk]);
        expect(marks[0]).toEqual(START);
        expectSame(decodeFrames(START, body.slice()), joinChunks([chunk]));
        const part = decodeFrames(START, body.slice(0, n % body.length));
        if (part !== undefined) expect(chunk.ends.slice(0, part.ends.length)).toEqual(part.ends);
      }),
    );
  });

  it("marks a frame boundary at least every 64 KiB of small frames", () => {
    const chunk = chunkOf(
      START,
      Array.from({ length: 300 }, () => new Uint8Array(1_000)),
    );
    const { marks } = encodeSegment([chunk]);
    expect(marks.length).toBe(5);
    marks.slice(1).forEach((m, i) => expect(m.byte - (marks[i]?.byte ?? 0)).toBeLessThan(67_000));
  });
});
