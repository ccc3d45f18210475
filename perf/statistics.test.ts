import { describe, expect, it } from "vitest";
import { median, summarise } from "./statistics.ts";

const TO_HUNDRED = Array.from({ length: 100 }, (_, i) => i + 1);

describe("statistics", () => {
  it("takes the middle, or what lies between the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it("gives the slow side's percentiles, whichever side that is", () => {
    expect(summarise(TO_HUNDRED, false)).toEqual({ count: 100, median: 50.5, p95: 95, p99: 99 });
    expect(summarise(TO_HUNDRED, true)).toEqual({ count: 100, median: 50.5, p95: 6, p99: 2 });
  });
});
