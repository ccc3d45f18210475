import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chunkEnd,
  chunkOf,
  cutChunk,
  cutFrames,
  formatBody,
  joinChunks,
  joinPayload,
  packChunks,
  sliceFrom,
  sliceUntil,
  takeFrames,
} from "./frames.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";
import type { Position } from "./offset.ts";

const START: Position = { seq: 3, byte: 100 };
const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
  minLength: 1,
  maxLength: 30,
});

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: string) => new TextEncoder().encode(value);

describe("chunks of frames", () => {
  it("ends where its last frame ends", () => {
    expect(chunkEnd(chunkOf(START, [bytes("ab"), bytes("c")]))).toEqual({ seq: 5, byte: 103 });
  });

  it("gives back from every frame on what was put in, and from no other place in JSON", () => {
    fc.assert(
      fc.property(frames, (list) => {
        const chunk = chunkOf(START, list);
        const all = joinPayload([chunk]);
        let seq = START.seq;
        const starts = new Set<number>();
        for (const [i, end] of [0, ...chunk.ends.slice(0, -1)].entries()) {
          starts.add(end);
          const part = sliceFrom(chunk, { seq: seq + i, byte: START.byte + end }, "json");
          expect(part && joinPayload([part])).toEqual(all.subarray(end));
          expect(part && chunkEnd(part)).toEqual(chunkEnd(chunk));
        }
        seq = 0;
        for (let cut = 0; cut <= all.length; cut++) {
          if (starts.has(cut)) continue;
          const inFrame = chunk.ends.filter((e) => e <= cut).length;
          const at = { seq: START.seq + inFrame, byte: START.byte + cut };
          expect(sliceFrom(chunk, at, "json")).toBeUndefined();
        }
      }),
    );
  });

  it("gives back a byte stream from inside a frame too", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, n) => {
        const chunk = chunkOf(START, list);
        const cut = n % chunk.payload.length;
        const whole = chunk.ends.filter((e) => e <= cut).length;
        const at = { seq: START.seq + whole, byte: START.byte + cut };
        const rest = sliceFrom(chunk, at, "bytes");
        const before = sliceUntil(chunk, at);
        expect(rest?.start).toEqual(at);
        expect(rest && chunkEnd(rest)).toEqual(chunkEnd(chunk));
        expect(before === undefined ? START : chunkEnd(before)).toEqual(at);
        expect(joinPayload([before, rest].filter((c) => c !== undefined))).toEqual(chunk.payload);
      }),
    );
  });

  it("gives from any frame on as many as fit, and one that does not", () => {
    const limits = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(frames, fc.nat(), limits, fc.boolean(), (list, n, max, cut) => {
        const chunk = { ...chunkOf(START, list), cut };
        const index = n % list.length;
        const at = chunkEnd(chunkOf(START, list.slice(0, index)));
        const part = sliceFrom(chunk, at, "json", max);
        let count = 1;
        let length = list[index]?.length ?? 0;
        while (length + (list[index + count]?.length ?? Infinity) <= max) {
          length += list[index + count]?.length ?? 0;
          count += 1;
        }
        const taken = list.slice(index, index + count);
        expect(part && { ...part, cut: false }).toEqual({ ...chunkOf(at, taken), cut: false });
        expect(part?.cut).toBe(cut && index + count === list.length);
      }),
    );
  });

  it("refuses a position whose frame number and byte do not belong together", () => {
    const chunk = chunkOf(START, [bytes("ab"), bytes("cd")]);
    expect(sliceFrom(chunk, { seq: 4, byte: 101 }, "bytes")).toBeUndefined();
    expect(sliceFrom(chunk, { seq: 3, byte: 102 }, "bytes")).toBeUndefined();
    expect(sliceFrom(chunk, { seq: 5, byte: 104 }, "bytes")).toBeUndefined();
    expect(sliceFrom(chunk, { seq: 2, byte: 100 }, "bytes")).toBeUndefined();
  });

  it("keeps every byte and position when it is cut, packed and joined", () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 100 }), (list, max) => {
        const chunk = chunkOf(START, list);
        for (const parts of [cutChunk(chunk, max), packChunks([chunk], max)]) {
          const [first, ...rest] = parts;
          if (first === undefined) throw new Error("A chunk is at least one part.");
          expect(joinChunks([first, ...rest])).toEqual(joinChunks([chunk]));
          for (const part of parts) {
            expect(part.payload.length <= max || part.ends.length === 1).toBe(true);
          }
          parts.slice(1).forEach((p, i) => expect(p.start).toEqual(chunkEnd(parts[i] ?? first)));
        }
      }),
    );
  });

  it("packs a longer run into the same blocks but for the last", () => {
    fc.assert(
      fc.property(frames, frames, fc.integer({ min: 1, max: 100 }), (first, more, max) => {
        const chunks: ReturnType<typeof chunkOf>[] = [];
        let at = START;
        for (const frame of [...first, ...more]) {
          const chunk = chunkOf(at, [frame]);
          chunks.push(chunk);
          at = chunkEnd(chunk);
        }
        const short = packChunks(chunks.slice(0, first.length), max);
        const long = packChunks(chunks, max);
        expect(long.slice(0, short.length - 1)).toEqual(short.slice(0, -1));
        expect(long[short.length - 1]?.start).toEqual(short.at(-1)?.start);
      }),
    );
  });

  it("takes whole frames up to a limit, and one that is larger", () => {
    const chunk = chunkOf(START, [bytes("abcd"), bytes("ef"), bytes("g")]);
    expect(text(takeFrames(chunk, 6).payload)).toBe("abcdef");
    expect(text(takeFrames(chunk, 5).payload)).toBe("abcd");
    expect(text(takeFrames(chunk, 1).payload)).toBe("abcd");
    expect(takeFrames(chunk, 7)).toBe(chunk);
  });

  it("cuts a large append into frames of the largest size", () => {
    const body = new Uint8Array(FRAME_BYTES_MAX * 2 + 1);
    expect(cutFrames(body).map((f) => f.length)).toEqual([FRAME_BYTES_MAX, FRAME_BYTES_MAX, 1]);
    expect(cutFrames(new Uint8Array())).toEqual([]);
  });

  it("writes JSON as an array over all chunks", () => {
    const one = chunkOf(START, [bytes("1"), bytes('{"a":2}')]);
    const two = chunkOf(chunkEnd(one), [bytes("[3]")]);
    expect(text(formatBody([one, two], "json"))).toBe('[1,{"a":2},[3]]');
    expect(text(formatBody([], "json"))).toBe("[]");
    expect(text(formatBody([one, two], "bytes"))).toBe('1{"a":2}[3]');
  });
});
