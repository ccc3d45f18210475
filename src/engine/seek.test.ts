import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundary } from "./seek.ts";

const run = fc
  .tuple(
    fc.nat(1_000),
    fc.nat(1_000),
    fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
  )
  .map(([seq, byte, sizes]) => {
    let end = 0;
    return { start: { seq, byte }, ends: sizes.map((size) => (end += size)) };
  });

describe("the boundary in a run of frames", () => {
  it("is where the frame with a number begins", () => {
    fc.assert(
      fc.property(run, fc.nat(), ({ start, ends }, n) => {
        const index = n % ends.length;
        expect(boundary({ start, ends }, "seq", start.seq + index)).toEqual({
          seq: start.seq + index,
          byte: start.byte + (index === 0 ? 0 : (ends[index - 1] ?? -1)),
        });
      }),
    );
  });

  it("is the first one at or after a byte", () => {
    fc.assert(
      fc.property(run, fc.nat(), ({ start, ends }, n) => {
        const value = start.byte + (n % (ends.at(-1) ?? 1));
        const found = boundary({ start, ends }, "byte", value);
        const all = [0, ...ends].map((end, i) => ({ seq: start.seq + i, byte: start.byte + end }));
        expect(found).toEqual(all.find(({ byte }) => byte >= value));
      }),
    );
  });
});
