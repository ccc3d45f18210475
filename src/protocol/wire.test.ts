import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMediaType, mediaType, streamKind } from "./content-type.ts";
import { formatCursor } from "./cursor.ts";
import { formatEtag, matchesEtag } from "./etag.ts";
import { FOREVER, parseExpiresAt, parseTtl, sameLifetime, storedDeadlineMs } from "./expiry.ts";
import { formatStreamPath, isReserved, parseSourcePath, parseStreamPath } from "./path.ts";
import { decideProducer } from "./producer.ts";
import { decodeLenient, decodeStrict, incompleteTail } from "./utf8.ts";
import { ZERO } from "./offset.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("stream paths (§12.2)", () => {
  it.each([
    ["/v1/stream/a", "a"],
    ["/v1/stream/a/b%20c", "a/b c"],
    ["/v1/stream/a%2Fb", "a/b"],
    ["/v1/stream/%C3%A9", "é"],
  ])("reads %s", (pathname, path) => {
    expect(parseStreamPath(pathname)).toBe(path);
  });

  it.each([
    "/v1/stream/",
    "/v1/streams/a",
    "/v1/stream/a//b",
    "/v1/stream/a/",
    "/v1/stream/../a",
    "/v1/stream/..%2fa",
    "/v1/stream/a/%2e/b",
    "/v1/stream/%00",
    "/v1/stream/a%5Cb",
    "/v1/stream/%ff",
    `/v1/stream/${"x".repeat(1025)}`,
  ])("refuses %s", (pathname) => {
    expect(parseStreamPath(pathname)).toBeUndefined();
  });

  it("takes a fork's source with and without the stream root", () => {
    expect(parseSourcePath("/v1/stream/a/b")).toBe("a/b");
    expect(parseSourcePath("a/b")).toBe("a/b");
    expect(parseSourcePath("/../b")).toBeUndefined();
  });

  it("reserves the control prefix and nothing beside it", () => {
    const reserved = (p: string) => isReserved(parseStreamPath(`/v1/stream/${p}`) ?? raise());
    expect([reserved("__ds"), reserved("__ds/x"), reserved("__dsx")]).toEqual([true, true, false]);
  });

  it("writes a path so that it reads back", () => {
    const path = parseStreamPath("/v1/stream/a%20b/%3F%23/%C3%A9") ?? raise();
    expect(parseStreamPath(formatStreamPath(path))).toBe(path);
  });
});

describe("cursors (§10.1)", () => {
  const now = Date.UTC(2024, 9, 9) + 1_000 * 20_000;

  it("is the number of the interval", () => {
    expect(formatCursor(now, null, 0)).toBe("1000");
    expect(formatCursor(now, "999", 0)).toBe("1000");
    expect(formatCursor(now, "nonsense", 0)).toBe("1000");
  });

  it("goes strictly past a client that is not behind", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 9e14 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (c, r) => {
          expect(Number(formatCursor(now, String(c), r))).toBeGreaterThan(c);
        },
      ),
    );
  });
});

describe("entity tags (§5.6, §10.1)", () => {
  const etag = formatEtag("id", ZERO, { seq: 1, byte: 2 }, false);

  it("varies with the incarnation, the range and closure", () => {
    const others = [
      formatEtag("other", ZERO, { seq: 1, byte: 2 }, false),
      formatEtag("id", ZERO, { seq: 2, byte: 3 }, false),
      formatEtag("id", ZERO, { seq: 1, byte: 2 }, true),
    ];
    expect(new Set([etag, ...others]).size).toBe(4);
  });

  it.each([
    [etag, true],
    [`W/${etag}`, true],
    [`"x", ${etag}`, true],
    ["*", true],
    ['"x"', false],
    [null, false],
  ])("matches %s: %s", (header, matches) => {
    expect(matchesEtag(header, etag)).toBe(matches);
  });
});

describe("lifetimes (§5.1)", () => {
  it.each(["0", "1", "3600"])("takes a TTL of %s", (v) => expect(parseTtl(v)).toBeDefined());
  it.each(["+1", "01", "1.0", "1e3", "-1", "", " 1", "0x1", "99999999999999999"])(
    "refuses a TTL of %j",
    (v) => expect(parseTtl(v)).toBeUndefined(),
  );
  it.each(["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.123+02:00"])("takes %s", (v) =>
    expect(parseExpiresAt(v)).toBeDefined(),
  );
  it.each(["", "tomorrow", "2030-01-01", "2030-13-01T00:00:00Z", "1700000000"])("refuses %j", (v) =>
    expect(parseExpiresAt(v)).toBeUndefined(),
  );

  it("compares timestamps as instants", () => {
    const a = parseExpiresAt("2030-01-01T00:00:00Z") ?? raise();
    const b = parseExpiresAt("2030-01-01T01:00:00+01:00") ?? raise();
    expect(sameLifetime(a, b)).toBe(true);
    expect(sameLifetime(a, FOREVER)).toBe(false);
  });

  it("stores a sliding deadline at most a tenth late and never early", () => {
    const ttl = parseTtl("100") ?? raise();
    expect(storedDeadlineMs(ttl, 1_000)).toBe(1_000 + 110_000);
  });
});

describe("producers (§5.2.1)", () => {
  const max = Number.MAX_SAFE_INTEGER;
  const at = (epoch: number, seq: number) => ({ id: "p", epoch, seq });
  it.each([
    [undefined, at(0, 0), "accept"],
    [undefined, at(7, 0), "accept"],
    [undefined, at(0, 1), "gap"],
    [{ epoch: 1, seq: 4 }, at(0, 9), "fenced"],
    [{ epoch: 1, seq: 4 }, at(2, 0), "accept"],
    [{ epoch: 1, seq: 4 }, at(2, 1), "epoch_start"],
    [{ epoch: 1, seq: 4 }, at(1, 4), "duplicate"],
    [{ epoch: 1, seq: 4 }, at(1, 0), "duplicate"],
    [{ epoch: 1, seq: 4 }, at(1, 5), "accept"],
    [{ epoch: 1, seq: 4 }, at(1, 6), "gap"],
    [{ epoch: max, seq: max - 1 }, at(max, max), "accept"],
    [{ epoch: max, seq: max }, at(max, max), "duplicate"],
  ])("with %j decides %j: %s", (state, stamp, kind) => {
    expect(decideProducer(state, stamp).kind).toBe(kind);
  });
});

describe("content types (§9)", () => {
  it.each([
    ["application/json; charset=utf-8", "json"],
    ["APPLICATION/JSON", "json"],
    ["application/jsonlines", "bytes"],
    ["text/plain", "text"],
    ["application/octet-stream", "bytes"],
  ])("stores %s as %s", (type, kind) => expect(streamKind(type)).toBe(kind));

  it("compares without parameters and knows what is none", () => {
    expect(mediaType(" Text/HTML ; a=b")).toBe("text/html");
    expect([isMediaType("text/plain;x=1"), isMediaType("text"), isMediaType("a b/c")]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("UTF-8 at the edges", () => {
  it("finds exactly the beginnings of characters at the end", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, n) => {
        const whole = bytes(text.isWellFormed() ? text : "é");
        const cut = whole.subarray(0, n % (whole.length + 1));
        const kept = cut.subarray(0, cut.length - incompleteTail(cut));
        expect(decodeStrict(kept)).toBeDefined();
        expect(cut.length - kept.length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it("does not wait for a character that can never be", () => {
    expect(incompleteTail(new Uint8Array([0x61, 0xff]))).toBe(0);
    expect(incompleteTail(new Uint8Array([0x80, 0x80, 0x80]))).toBe(0);
    expect(incompleteTail(new Uint8Array([0xf0, 0x9f]))).toBe(2);
    expect(decodeLenient(new Uint8Array([0xff]))).toBe("\uFFFD");
  });
});

function raise(): never {
  throw new Error("The value was refused.");
}
