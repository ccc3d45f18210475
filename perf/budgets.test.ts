import { describe, expect, it } from "vitest";
import { BUDGETS, checkBudgets, type Budget } from "./budgets.ts";
import type { WorkloadResult } from "./measure.ts";
import { WORKLOADS } from "./workloads/all.ts";

const SUMMARY = { count: 1, median: 1, p95: 1, p99: 1 };

function result(mine: readonly number[], floor: readonly number[]): WorkloadResult {
  const measured = Object.entries({ mine, floor }).map(([target, slices]) => ({
    target,
    summary: SUMMARY,
    samples: slices,
    slices,
  }));
  return { id: "w", title: "w", series: [{ id: "s", title: "s", unit: "ms", measured }] };
}

const place = { workload: "w", series: "s" };
const budget: Budget = {
  of: { ...place, target: "mine" },
  to: { ...place, target: "floor" },
  most: 1.2,
};

describe("budgets", () => {
  it("compare slice by slice, so that a slow minute of the machine counts for both", () => {
    const [verdict] = checkBudgets([result([1.1, 11, 1.1], [1, 10, 1])], [budget]);
    expect(verdict?.ratio).toBeCloseTo(1.1);
    expect(verdict?.state).toBe("kept");
  });

  it("are exceeded by what is slower, and say when nothing was measured", () => {
    expect(checkBudgets([result([1.3], [1])], [budget])[0]?.state).toBe("exceeded");
    expect(checkBudgets([], [budget])[0]?.state).toBe("not measured");
  });

  it("name workloads and series that there are", () => {
    for (const { of, to } of BUDGETS) {
      for (const { workload, series } of [of, to]) {
        expect(WORKLOADS.find(({ id }) => id === workload)?.series).toHaveProperty([series]);
      }
    }
  });
});
