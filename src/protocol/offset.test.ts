import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePositions,
  formatOffset,
  parsePosition,
  parseReadFrom,
  type Position,
} from "./offset.ts";

const count = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 20 }),
  fc.nat({ max: 20 }).map((n) => Number.MAX_SAFE_INTEGER - n),
);
// In a stream both numbers grow together: a position with more bytes never has fewer frames.
const positions = fc
  .tuple(fc.tuple(count, count), fc.tuple(count, count))
  .map(([seqs, bytes]): [Position, Position] => {
    const [s, t] = seqs.toSorted((a, b) => a - b) as [number, number];
    const [b, c] = bytes.toSorted((x, y) => x - y) as [number, number];
    return [
      { seq: s, byte: b },
      { seq: t, byte: c },
    ];
  });

describe("offset tokens (§8)", () => {
  it("sort as strings as their positions do, up to 2^53-1", () => {
    fc.assert(
      fc.property(positions, ([a, b]) => {
        const [x, y] = [formatOffset(a), formatOffset(b)];
        expect(Math.sign(comparePositions(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    );
  });

  it("are read back as they were written", () => {
    fc.assert(
      fc.property(count, count, (seq, byte) => {
        expect(parsePosition(formatOffset({ seq, byte }))).toEqual({ seq, byte });
      }),
    );
  });

  it("never look like a sentinel and hold no character of a query", () => {
    fc.assert(
      fc.property(count, count, (seq, byte) => {
        expect(formatOffset({ seq, byte })).toMatch(/^\d{16}_\d{16}$/);
      }),
    );
  });

  it.each([
    ["-1", { kind: "start" }],
    ["now", { kind: "now" }],
    ["0000000000000000_0000000000000000", { kind: "at", position: { seq: 0, byte: 0 } }],
    ["0000000000000001_0000000000000002", { kind: "at", position: { seq: 1, byte: 2 } }],
  ])("reads %s", (token, from) => {
    expect(parseReadFrom(token)).toEqual(from);
  });

  it.each([
    "",
    "0",
    "-2",
    "NOW",
    "1_2",
    "0000000000000001_000000000000000x",
    "9007199254740992_0",
    "a,b",
  ])("refuses %j", (token) => {
    expect(parseReadFrom(token)).toBeUndefined();
  });

  it("refuses numbers above 2^53-1", () => {
    expect(parsePosition("9007199254740992_0000000000000000")).toBeUndefined();
  });
});
