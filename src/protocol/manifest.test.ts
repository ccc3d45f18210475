import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatManifest, formatProducer, parseManifest, parseProducers } from "./manifest.ts";
import { decodeFrameList, encodeFrameList } from "./frame-list.ts";
import { chunkOf } from "./frames.ts";

const count = fc.maxSafeNat();
const small = fc.nat(1_000_000);
const position = fc.record({ seq: small, byte: fc.integer({ min: 1_000_001, max: 2_000_000 }) });
const stamp = fc.record({ id: fc.string({ minLength: 1 }), epoch: count, seq: count });
const lifetime = fc.oneof(
  fc.constant({ kind: "forever" } as const),
  fc.record({ kind: fc.constant("ttl" as const), seconds: small }),
  fc.constant({ kind: "until", atMs: 1_893_456_000_000, text: "2030-01-01T00:00:00Z" } as const),
);
const manifest = fc
  .record({
    id: fc.uuid(),
    contentType: fc.constantFrom("text/plain", "application/json; charset=utf-8"),
    createdAtMs: fc.integer({ min: 0, max: 8.64e15 }),
    lifetime,
    retention: fc.option(
      fc.oneof(
        fc.record({ messages: fc.integer({ min: 1 }) }),
        fc.record({ bytes: fc.integer({ min: 1 }), seconds: fc.integer({ min: 1 }) }),
      ),
      { nil: undefined },
    ),
    closed: fc.boolean(),
    closedBy: fc.option(stamp, { nil: undefined }),
    writerSeq: fc.option(fc.string({ minLength: 1, maxLength: 50 }), { nil: undefined }),
    floor: position,
    base: position,
    length: small,
  })
  .map(({ length, ...rest }) => ({
    ...rest,
    tail: { seq: rest.base.seq + length, byte: rest.base.byte + 2 * length },
  }));

describe("a manifest", () => {
  it("comes back from JSON as it was", () => {
    fc.assert(
      fc.property(manifest, (value) => {
        expect(parseManifest(JSON.parse(JSON.stringify(formatManifest(value))))).toEqual(value);
      }),
    );
  });

  it.each([
    ["id", ""],
    ["contentType", "text"],
    ["contentType", "text/plain; a=\n"],
    ["createdAtMs", -1],
    ["createdAtMs", 8.64e15 + 1],
    ["tail", "9007199254740991_9007199254740991"],
    ["createdAtMs", "1"],
    ["ttlSeconds", 1.5],
    ["expiresAt", "tomorrow"],
    ["retention", {}],
    ["retention", { messages: 0 }],
    ["retention", [1]],
    ["closed", "true"],
    ["closedBy", ["p", 1]],
    ["streamSeq", ""],
    ["floor", "0"],
    ["tail", "0000000000000001_0000000000000000"],
    ["base", undefined],
  ])("is none with %s %j", (name, value) => {
    const good = {
      id: "i",
      contentType: "text/plain",
      createdAtMs: 1,
      closed: true,
      floor: "0000000000000000_0000000000000000",
      base: "0000000000000000_0000000000000000",
      tail: "0000000000000001_0000000000000001",
    };
    expect(parseManifest(good)).toBeDefined();
    expect(parseManifest({ ...good, [name]: value })).toBeUndefined();
  });

  it("is none with both lifetimes, and nothing else is one", () => {
    for (const value of [null, [], "x", 1]) expect(parseManifest(value)).toBeUndefined();
    const both = { ttlSeconds: 1, expiresAt: "2030-01-01T00:00:00Z" };
    expect(parseManifest({ ...both, id: "i" })).toBeUndefined();
  });
});

describe("a list of producers", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.array(stamp), (list) => {
        expect(parseProducers(JSON.parse(JSON.stringify(list.map(formatProducer))))).toEqual(list);
      }),
    );
  });

  it.each([[{}], [[["p", 1]]], [[["", 1, 1]]], [[["p", -1, 1]]], [[["p", 1, "1"]]]])(
    "is none: %j",
    (value) => expect(parseProducers(value)).toBeUndefined(),
  );
});

describe("a list of frames", () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1 });
  const start = { seq: 4, byte: 9 };

  it("comes back as it was, and no part of it is a list", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, cut) => {
        const chunk = chunkOf(start, list);
        const bytes = encodeFrameList(chunk);
        expect(decodeFrameList(start, bytes)).toEqual(chunk);
        expect(decodeFrameList(start, bytes.subarray(0, cut % bytes.length))).toBeUndefined();
        expect(decodeFrameList(start, new Uint8Array([...bytes, 0]))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["no frames", [0, 0, 0, 0]],
    ["an empty frame", [0, 0, 0, 1, 0, 0, 0, 0]],
    ["more frames than there are bytes", [255, 255, 255, 255, 0, 0, 0, 1, 1]],
  ])("has not %s", (_, bytes) => {
    expect(decodeFrameList(start, new Uint8Array(bytes))).toBeUndefined();
  });
});
