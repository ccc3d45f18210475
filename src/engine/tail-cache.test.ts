import { describe, expect, it } from "vitest";
import { chunkOf, type Chunk } from "#protocol/frames.ts";
import { TAIL_BYTES_MAX, TAIL_CHUNKS_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import { TailCache } from "./tail-cache.ts";

const at = (seq: number, byte: number): Position => ({ seq, byte });
const chunk = (start: Position, text: string): Chunk =>
  chunkOf(start, [new TextEncoder().encode(text)]);

function textFrom(cache: TailCache, from: Position, bytesMax = Infinity): string {
  const chunks = cache.read(from, "text", bytesMax);
  return chunks.map(({ payload }) => new TextDecoder().decode(payload)).join("");
}

describe("the tail in memory", () => {
  it("holds what was pushed, and nothing before it", () => {
    const cache = new TailCache(at(2, 10));
    expect(cache.start).toEqual(at(2, 10));
    cache.push(chunk(at(2, 10), "abc"));
    cache.push(chunk(at(3, 13), "de"));
    expect(textFrom(cache, at(2, 10))).toBe("abcde");
    expect(textFrom(cache, at(2, 11))).toBe("bcde");
    expect(textFrom(cache, at(3, 13))).toBe("de");
    expect(textFrom(cache, at(1, 9))).toBe("");
    expect(textFrom(cache, at(2, 10), 1)).toBe("abc");
  });

  it("forgets from the front, by bytes and by number", () => {
    const large = new TailCache(at(0, 0));
    const half = "x".repeat(TAIL_BYTES_MAX / 2);
    for (let i = 0; i < 4; i++) large.push(chunk(at(i, i * half.length), half));
    expect(large.start).toEqual(at(2, 2 * half.length));
    const many = new TailCache(at(0, 0));
    for (let i = 0; i < TAIL_CHUNKS_MAX + 10; i++) many.push(chunk(at(i, i), "x"));
    expect(many.start).toEqual(at(10, 10));
    expect(textFrom(many, at(10, 10))).toHaveLength(TAIL_CHUNKS_MAX);
  });

  it("adopts what a read found up to the tail, when that is more", () => {
    const cache = new TailCache(at(3, 6));
    const found = [chunk(at(1, 2), "bb"), chunk(at(2, 4), "cc")];
    cache.adopt(found);
    expect(cache.start).toEqual(at(1, 2));
    expect(textFrom(cache, at(1, 2))).toBe("bbcc");
    found[0]?.payload.fill(0);
    expect(textFrom(cache, at(1, 2))).toBe("bbcc");
    cache.adopt([chunk(at(2, 4), "cc")]);
    expect(cache.start).toEqual(at(1, 2));
    cache.push(chunk(at(3, 6), "dd"));
    cache.adopt([chunk(at(0, 0), "aabbccdd")]);
    expect(textFrom(cache, at(0, 0))).toBe("aabbccdd");
  });

  it("adopts nothing that ends before the tail, or is larger than it may hold", () => {
    const cache = new TailCache(at(9, TAIL_BYTES_MAX + 1));
    cache.adopt([chunk(at(8, 2), "bb")]);
    cache.adopt([chunk(at(8, 0), "x".repeat(TAIL_BYTES_MAX + 1))]);
    expect(cache.start).toEqual(at(9, TAIL_BYTES_MAX + 1));
  });
});
