import { describe, expect, it } from "vitest";
import { parseConfig, VARIABLES, type VariableName } from "./config.ts";

const names = Object.keys(VARIABLES) as VariableName[];
const integers = names.flatMap((name) => {
  const variable = VARIABLES[name];
  return variable.kind === "integer" ? [{ name, ...variable }] : [];
});
const choices = names.flatMap((name) => {
  const variable = VARIABLES[name];
  return variable.kind === "choice" ? [{ name, ...variable }] : [];
});

const texts = names.flatMap((name) => {
  const variable = VARIABLES[name];
  return variable.kind === "text" ? [{ name, ...variable }] : [];
});

describe("parseConfig", () => {
  it("takes the defaults for what is absent or empty", () => {
    const absent = parseConfig({});
    expect(absent).toEqual(parseConfig(Object.fromEntries(names.map((name) => [name, ""]))));
    expect(absent).toMatchObject({
      ok: true,
      config: { ackMode: "journal", cacheScope: "public", longPollTimeoutMs: 30_000 },
    });
  });

  it("ignores other names", () => {
    expect(parseConfig({ PATH: "/bin", DB: {} })).toEqual(parseConfig({}));
  });

  it.each(choices)("takes each choice of $name and nothing else", ({ name, choices: all }) => {
    for (const choice of all) expect(parseConfig({ [name]: choice }).ok).toBe(true);
    expect(parseConfig({ [name]: all[0].toUpperCase() })).toEqual({
      ok: false,
      errors: [`${name} is "${all[0].toUpperCase()}": it must be ${all.join(" or ")}.`],
    });
  });

  it.each(integers)("takes $name from $min to $max", ({ name, min, max, default: usual }) => {
    expect(usual).toBeGreaterThanOrEqual(min);
    expect(usual).toBeLessThanOrEqual(max);
    for (const value of [min, String(min), String(max)]) {
      expect(parseConfig({ [name]: value }).ok).toBe(true);
    }
    for (const value of [min - 1, String(max + 1), "-1", "1e3", " 500", "500.5", "many", null]) {
      expect(parseConfig({ [name]: value })).toEqual({
        ok: false,
        errors: [expect.stringContaining(`${name} is ${JSON.stringify(value)}: `)],
      });
    }
  });

  it("takes a token that can be sent in a header and is long enough, and never shows it", () => {
    for (const token of ["x".repeat(16), "!~".repeat(128)]) {
      expect(parseConfig({ ADMIN_TOKEN: token })).toMatchObject({ config: { adminToken: token } });
    }
    expect(parseConfig({})).toMatchObject({ config: { adminToken: undefined } });
    for (const token of [
      "x".repeat(15),
      "x".repeat(257),
      `${"x".repeat(16)} `,
      "ü".repeat(16),
      12,
    ]) {
      const result = parseConfig({ ADMIN_TOKEN: token });
      expect(result.ok ? [] : result.errors).toEqual([expect.not.stringContaining(String(token))]);
    }
  });

  it.each(texts)("takes $name as $rule", ({ name, default: usual, pattern, rule }) => {
    if (usual !== "") expect(usual).toMatch(pattern);
    expect(
      parseConfig({ [name]: name.endsWith("TOKEN") ? "correct-horse-battery" : usual }).ok,
    ).toBe(true);
    for (const value of [" ", "a b", "x".repeat(257), "é", 7]) {
      expect(parseConfig({ [name]: value })).toEqual({
        ok: false,
        errors: [`${name} is not what it must be: ${rule}.`],
      });
    }
  });

  it.each([
    ["127.0.0.1:4437", ["127.0.0.1:4437"]],
    ["127.0.0.1:4437,localhost:4437,[::1]:80", ["127.0.0.1:4437", "localhost:4437", "[::1]:80"]],
    ["", []],
  ])("reads COMPARE_ALLOWED_HOSTS as targets: %s", (value, targets) => {
    const result = parseConfig({ COMPARE_ALLOWED_HOSTS: value });
    expect(result.ok ? [...result.config.compareAllowedHosts] : result).toEqual(targets);
  });

  it.each(["localhost", "http://localhost:80", "localhost:80,", "*:80", "a:b", "a:80 b:80"])(
    "refuses the targets %j",
    (value) => {
      expect(parseConfig({ COMPARE_ALLOWED_HOSTS: value }).ok).toBe(false);
    },
  );

  it("names every value that it refuses", () => {
    const result = parseConfig({ ACK_MODE: "x", FLUSH_BYTES: "x", SEGMENT_BYTES: "1024" });
    expect(result.ok ? [] : result.errors).toHaveLength(2);
  });
});
