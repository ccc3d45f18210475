import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { takeBounded, UNBOUNDED } from "./bounds.ts";
import { chunkEnd, chunkOf, payloadBytes, sliceFrom, type Chunk } from "./frames.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const frame = fc.uint8Array({ minLength: 1, maxLength: 9 });
const run = fc.array(fc.array(frame, { minLength: 1, maxLength: 4 }), { maxLength: 4 });
const count = fc.integer({ min: 1, max: 20 });
const optional = fc.option(count, { nil: undefined });

/** Consecutive chunks, the first of which begins anywhere. */
function chunksOf(groups: readonly (readonly Uint8Array[])[]): Chunk[] {
  const chunks: Chunk[] = [];
  let at = { seq: 7, byte: 100 };
  for (const frames of groups) {
    const chunk = chunkOf(at, frames);
    chunks.push(chunk);
    at = chunkEnd(chunk);
  }
  return chunks;
}

const textOf = (chunks: readonly Chunk[]) =>
  chunks.map((c) => new TextDecoder().decode(c.payload)).join("");

describe("the bounds of an answer", () => {
  it("leave everything as it is when there are none", () => {
    fc.assert(
      fc.property(run, fc.constantFrom("json", "text", "bytes"), (groups, kind) => {
        const chunks = chunksOf(groups);
        expect(takeBounded(chunks, kind, UNBOUNDED)).toEqual(chunks);
      }),
    );
  });

  it("keep messages whole, and take as many as both allow, at least one", () => {
    fc.assert(
      fc.property(run, optional, optional, (groups, frames, bytes) => {
        const all = groups.flat();
        const taken = takeBounded(chunksOf(groups), "json", { frames, bytes });
        let expected = 0;
        let length = 0;
        for (const [i, message] of all.entries()) {
          length += message.length;
          if (i >= (frames ?? Infinity) || (i > 0 && length > (bytes ?? Infinity))) break;
          expected += 1;
        }
        expect(taken.flatMap((c) => c.ends)).toHaveLength(expected);
        expect(taken.map((c) => [...c.payload]).flat()).toEqual(
          all.slice(0, expected).flatMap((m) => [...m]),
        );
      }),
    );
  });

  it("cut bytes exactly, and what follows goes on from there", () => {
    fc.assert(
      fc.property(run, count, (groups, bytes) => {
        const chunks = chunksOf(groups);
        const total = payloadBytes(chunks);
        const taken = takeBounded(chunks, "bytes", { frames: undefined, bytes });
        expect(payloadBytes(taken)).toBe(Math.min(bytes, total));
        const last = taken.at(-1);
        if (last === undefined || bytes >= total) return;
        const next = chunkEnd(last);
        const rest = chunks.flatMap((c) => sliceFrom(c, next, "bytes") ?? []);
        expect(rest[0]?.start).toEqual(next);
      }),
    );
  });

  it("do not cut a character in two, unless it alone is too large", () => {
    const chunks = [chunkOf({ seq: 0, byte: 0 }, [encode("aé"), encode("€b")])];
    const take = (bytes: number) => takeBounded(chunks, "text", { frames: undefined, bytes });
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((bytes) => textOf(take(bytes)))).toEqual([
      "a",
      "a",
      "aé",
      "aé",
      "aé",
      "aé€",
      "aé€b",
      "aé€b",
    ]);
    const large = [chunkOf({ seq: 0, byte: 0 }, [encode("€")])];
    expect(payloadBytes(takeBounded(large, "text", { frames: undefined, bytes: 1 }))).toBe(1);
  });
});
