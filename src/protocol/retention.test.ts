import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exceeds, parseBound, sameRetention } from "./retention.ts";

describe("retention headers", () => {
  it("are positive integers in decimal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (n) => {
        expect(parseBound("messages", String(n))).toBe(n);
        expect(parseBound("bytes", String(n))).toBe(n);
      }),
    );
  });

  it.each(["", "0", "-1", "+1", "01", "1.5", "1e3", " 1", "1, 2", "x", "9007199254740992"])(
    "%j is none",
    (value) => {
      expect(parseBound("messages", value)).toBeUndefined();
      expect(parseBound("seconds", value)).toBeUndefined();
    },
  );

  it("count no more seconds than a thousand years", () => {
    expect(parseBound("seconds", "31557600000")).toBe(31_557_600_000);
    expect(parseBound("seconds", "31557600001")).toBeUndefined();
    expect(parseBound("bytes", "31557600001")).toBe(31_557_600_001);
  });

  it("are the same when every bound is", () => {
    expect(sameRetention(undefined, undefined)).toBe(true);
    expect(sameRetention({ bytes: 1, seconds: 2 }, { seconds: 2, bytes: 1 })).toBe(true);
    expect(sameRetention({ bytes: 1 }, undefined)).toBe(false);
    expect(sameRetention({ bytes: 1 }, { bytes: 1, messages: 1 })).toBe(false);
  });
});

describe("a stream with retention", () => {
  const base = { seq: 10, byte: 100 };

  it.each([
    [{ messages: 5 }, 5, 50, false],
    [{ messages: 5 }, 6, 6, true],
    [{ bytes: 50 }, 5, 50, false],
    [{ bytes: 50 }, 5, 51, true],
    // The newest message stays, however large it is.
    [{ bytes: 50 }, 1, 500, false],
    [{ messages: 5, bytes: 50 }, 2, 51, true],
    [{ seconds: 1 }, 1_000, 1_000, false],
  ])("%j with %d messages of %d bytes: too much is %s", (retention, messages, bytes, expected) => {
    const tail = { seq: base.seq + messages, byte: base.byte + bytes };
    expect(exceeds(retention, base, tail)).toBe(expected);
  });
});
