import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nestingDepth, splitMessages } from "./json.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function split(text: string): string[] {
  const result = splitMessages(bytes(text));
  if (result.kind !== "messages") throw new Error(`Refused: ${result.kind}.`);
  return result.messages.map((m) => new TextDecoder().decode(m));
}

describe("messages of a JSON body (§9.1)", () => {
  it.each([
    ['{"event":"created"}', ['{"event":"created"}']],
    ['[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ["[[1,2], [3,4]]", ["[1,2]", "[3,4]"]],
    ["[[[1,2,3]]]", ["[[1,2,3]]"]],
    [" [ ] ", []],
    ["\n[ 1 ,\t2\r\n]", ["1", "2"]],
    ['["a,b","]","\\"],[", "\\\\"]', ['"a,b"', '"]"', '"\\"],["', '"\\\\"']],
    ["12345678901234567890.10", ["12345678901234567890.10"]],
    ['{ "a" : 1 }', ['{ "a" : 1 }']],
  ])("splits %s", (body, messages) => {
    expect(split(body)).toEqual(messages);
  });

  it("gives back every element of any array, as it was written", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2), (values, indent) => {
        const parts = split(JSON.stringify(values, null, indent));
        expect(parts.map((p): unknown => JSON.parse(p))).toEqual(
          values.map((v): unknown => JSON.parse(JSON.stringify(v))),
        );
      }),
    );
  });

  it.each(["", "{", "[1,]", "[1] 2", "nope", "\uFEFF1", "'a'", "[1,,2]"])("refuses %j", (body) => {
    expect(splitMessages(bytes(body)).kind).toBe("invalid");
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(splitMessages(new Uint8Array([0x22, 0xff, 0x22])).kind).toBe("invalid");
  });

  it("takes a message of the largest size and names the one that is larger", () => {
    const largest = `"${"x".repeat(MESSAGE_BYTES_MAX - 2)}"`;
    expect(split(`[1,${largest}]`)).toHaveLength(2);
    expect(splitMessages(bytes(`[1,${largest.replace("x", "xx")}]`))).toEqual({
      kind: "too_large",
      index: 1,
    });
  });

  it("knows how deep a message is nested", () => {
    expect(nestingDepth(bytes("1"))).toBe(0);
    expect(nestingDepth(bytes('["[[",{"a":[1]}]'))).toBe(3);
  });
});
