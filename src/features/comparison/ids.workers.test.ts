import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatComparisonId, formatPairPath, formatProbeId, parseComparisonId } from "./ids.ts";
import { derivePairKey } from "./pair-key.ts";
import { parseUrl, URL_LENGTH_MAX, type NormalizedUrl } from "./normalized-url.ts";

const UUID = "0f8fad5b-d9cb-469f-a165-70867728950e";

function url(text: string): NormalizedUrl {
  const parsed = parseUrl(text);
  if (parsed === undefined) throw new Error(`${text} is no URL`);
  return parsed;
}

describe("URLs", () => {
  it.each([
    ["HTTP://Example.COM", "http://example.com/"],
    ["https://example.com:443/a", "https://example.com/a"],
    ["http://example.com:80", "http://example.com/"],
    ["http://example.com:8080/", "http://example.com:8080/"],
    ["https://example.com/A?b=C&a=1#part", "https://example.com/A?b=C&a=1"],
    ["https://example.com/a/../b", "https://example.com/b"],
    ["  https://example.com  ", "https://example.com/"],
    ["http://0x7f.1/", "http://127.0.0.1/"],
  ])("writes %s as %s", (text, normal) => {
    expect(parseUrl(text)).toBe(normal);
  });

  it.each(["", "example.com", "/path", "http://", "http://a b/", "https://[::1"])(
    "refuses %j",
    (text) => {
      expect(parseUrl(text)).toBeUndefined();
    },
  );

  it("refuses one that is too long", () => {
    const base = "https://example.com/";
    const longest = base + "x".repeat(URL_LENGTH_MAX - base.length);
    expect(parseUrl(longest)).toBe(longest);
    expect(parseUrl(`${longest}x`)).toBeUndefined();
  });

  it("resolves a relative one", () => {
    expect(parseUrl("../b?c", url("https://example.com/x/a"))).toBe("https://example.com/b?c");
  });

  it("leaves a normal one as it is", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (text) => {
        const normal = parseUrl(text);
        expect(normal === undefined ? undefined : parseUrl(normal)).toBe(normal);
      }),
    );
  });
});

describe("the key of a pair", () => {
  it("is the beginning of SHA-256 over both URLs, sorted and joined", async () => {
    // printf '%s' 'https://a.example/|https://b.example/' | sha256sum
    const hash = "cc7d76143ea925e13818e61779aacf5ca87b262e341f0bde719ca283cf7287d6";
    const key = await derivePairKey(url("https://b.example"), url("https://a.example"));
    expect(key).toBe(hash.slice(0, 40));
    expect(formatPairPath(key)).toBe(`comparison/${key}`);
  });

  it("does not depend on their order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.webUrl(), fc.webUrl(), async (a, b) => {
        expect(await derivePairKey(url(a), url(b))).toBe(await derivePairKey(url(b), url(a)));
      }),
    );
  });
});

describe("the id of a comparison", () => {
  it("gives its pair back", async () => {
    const pairKey = await derivePairKey(url("https://a.example"), url("https://b.example"));
    const id = formatComparisonId(pairKey, UUID);
    expect(parseComparisonId(id)).toEqual({ id, pairKey });
    expect(formatProbeId(id, "left")).toBe(`${id}:left`);
  });

  it.each([
    "",
    UUID,
    "a".repeat(40),
    `${"a".repeat(39)}-${UUID}`,
    `${"g".repeat(40)}-${UUID}`,
    `${"A".repeat(40)}-${UUID}`,
    `${"a".repeat(40)}-${UUID}x`,
    `${"a".repeat(40)}-${UUID}\n`,
    `${"a".repeat(40)}_${UUID}`,
  ])("refuses %j", (text) => {
    expect(parseComparisonId(text)).toBeUndefined();
  });
});
