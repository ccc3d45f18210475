import { describe, expect, it } from "vitest";
import { ArgumentError, parseOptions } from "./options.ts";

describe("the arguments of npm run perf", () => {
  it("measure everything but mode d1 unless told otherwise", () => {
    const action = parseOptions([]);
    expect(action).toMatchObject({ settings: { runs: 5, warmUps: 1, check: false, others: [] } });
    if (action.kind !== "run") throw new Error("This is to run.");
    expect(action.settings.targets).not.toContain("headwater-d1");
  });

  it("name other servers by URL", () => {
    const action = parseOptions(["--d1", "mine=http://127.0.0.1:9/x", "--only", "sse,append"]);
    expect(action).toMatchObject({
      settings: {
        only: ["sse", "append"],
        others: [{ name: "mine", url: "http://127.0.0.1:9" }],
      },
    });
  });

  it.for([["--runs", "0"], ["--runs", "many"], ["--targets", "moon"], ["nonsense"], ["--what"]])(
    "refuse %j",
    (args) => {
      expect(() => parseOptions(args)).toThrow(ArgumentError);
    },
  );
});
