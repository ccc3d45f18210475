/** The arguments of `npm run faults`. */

import { describe, expect, it } from "vitest";
import { ArgumentError, parseOptions } from "./options.ts";

const parse = (...args: string[]) => parseOptions(args, () => 7);

describe("the arguments of npm run faults", () => {
  it("have defaults", () => {
    expect(parse()).toEqual({ kills: 100, steps: false, ackMode: "journal", seed: 7 });
    expect(parse("--outage", "60")?.outageSeconds).toBe(60);
  });

  it("are taken as they are given", () => {
    const args = ["--kills", "3", "--seed", "12", "--ack-mode", "d1", "--steps"];
    expect(parse(...args)).toEqual({ kills: 3, steps: true, ackMode: "d1", seed: 12 });
    expect(parse("--help")).toBeUndefined();
  });

  it.each([
    ["--kills", "0"],
    ["--kills", "many"],
    ["--outage", "0"],
    ["--seed", "-1"],
    ["--seed", "1.5"],
    ["--ack-mode", "both"],
    ["--unknown", "1"],
  ])("are refused: %s=%s", (name, value) => {
    expect(() => parse(`${name}=${value}`)).toThrow(ArgumentError);
    expect(() => parse(`${name}=${value}`)).toThrow(name);
  });
});
