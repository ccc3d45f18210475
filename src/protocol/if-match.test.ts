import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesTail, parseIfMatch } from "./if-match.ts";
import { formatOffset } from "./offset.ts";

const tail = { seq: 3, byte: 49 };
const token = formatOffset(tail);
const other = formatOffset({ seq: 2, byte: 30 });

describe("If-Match (RFC 9110, §13.1.1)", () => {
  it.each([
    ["the tail", `"${token}"`, true],
    ["another offset", `"${other}"`, false],
    ["any stream", "*", true],
    ["any stream, with spaces", " * ", true],
    ["a list with the tail", `"${other}", "${token}"`, true],
    ["a list with empty elements", `,, "${token}" ,`, true],
    ["a list without a space", `"${other}","${token}"`, true],
    ["a weak tag never matches", `W/"${token}"`, false],
    ["a weak tag beside a strong one", `W/"${other}", "${token}"`, true],
    ["a tag that is no offset", '"abc"', false],
    ["the empty tag", '""', false],
    ["a star in quotes is a tag", '"*"', false],
    ["a tag with a comma in it", `"a,b", "${token}"`, true],
  ])("takes %s", (_, value, matches) => {
    const parsed = parseIfMatch(value);
    expect(parsed).toBeDefined();
    expect(parsed !== undefined && matchesTail(parsed, tail)).toBe(matches);
  });

  it.each([
    ["nothing", ""],
    ["commas alone", " , "],
    ["an offset without quotes", token],
    ["a quote that is not closed", `"${token}`],
    ["a star in a list", `*, "${token}"`],
    ["tags without a comma", `"${other}" "${token}"`],
    ["a small w", `w/"${token}"`],
    ["a space inside a tag", '"a b"'],
  ])("refuses %s", (_, value) => {
    expect(parseIfMatch(value)).toBeUndefined();
  });

  it("finds the tail wherever it stands in a list", () => {
    const tag = fc.stringMatching(/^[!#-~]{0,12}$/);
    fc.assert(
      fc.property(fc.array(tag), fc.array(tag), (before, after) => {
        const list = [...before, token, ...after].map((t) => `"${t}"`).join(", ");
        const parsed = parseIfMatch(list);
        expect(parsed !== undefined && matchesTail(parsed, tail)).toBe(true);
      }),
    );
  });
});
