import { describe, expect, it } from "vitest";
import { chunkOf, joinPayload } from "#protocol/frames.ts";
import { FOREVER } from "#protocol/expiry.ts";
import { ZERO, type Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import { startSession, takePage, type Session } from "./session.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function page(from: Position, frames: Uint8Array[], more: Partial<Page> = {}): Page {
  const chunks = frames.length === 0 ? [] : [chunkOf(from, frames)];
  const bytes = frames.reduce((n, f) => n + f.length, 0);
  const next = { seq: from.seq + frames.length, byte: from.byte + bytes };
  return {
    streamId: "s",
    contentType: "text/plain",
    kind: "text",
    lifetime: FOREVER,
    from,
    next,
    chunks,
    upToDate: true,
    closed: false,
    ...more,
  };
}

const opening = startSession(ZERO);
const following: Session = { state: "following", position: ZERO };

// A new kind of page or a new state does not compile until it is listed here.
type PageKind = "empty" | "data" | "last data" | "closed";
type Expected = { state: Session["state"]; sends: "nothing" | "control" | "data and control" };

const PAGES: Record<PageKind, Page> = {
  empty: page(ZERO, []),
  data: page(ZERO, [encode("a")]),
  "last data": page(ZERO, [encode("a")], { closed: true }),
  closed: page(ZERO, [], { closed: true }),
};

const TABLE: Record<"opening" | "following", Record<PageKind, Expected>> = {
  opening: {
    empty: { state: "following", sends: "control" },
    data: { state: "following", sends: "data and control" },
    "last data": { state: "ended", sends: "data and control" },
    closed: { state: "ended", sends: "control" },
  },
  following: {
    empty: { state: "following", sends: "nothing" },
    data: { state: "following", sends: "data and control" },
    "last data": { state: "ended", sends: "data and control" },
    closed: { state: "ended", sends: "control" },
  },
};

describe("an SSE session (§5.8)", () => {
  for (const [state, row] of Object.entries(TABLE)) {
    for (const [kind, expected] of Object.entries(row)) {
      it(`${state}, ${kind}: ${expected.state}, sends ${expected.sends}`, () => {
        const before = state === "opening" ? opening : following;
        const taken = takePage(before, PAGES[kind as PageKind]);
        const sends =
          taken.batch === undefined
            ? "nothing"
            : taken.batch.chunks.length > 0
              ? "data and control"
              : "control";
        expect({ state: taken.session.state, sends }).toEqual(expected);
      });
    }
  }

  it("holds back half a character and goes on inside its frame", () => {
    const euro = encode("a€");
    const first = takePage(following, page(ZERO, [euro.subarray(0, 2)]));
    expect(first.batch && joinPayload(first.batch.chunks)).toEqual(encode("a"));
    expect(first.session.position).toEqual({ seq: 0, byte: 1 });
    expect(first.batch?.upToDate).toBe(false);
  });

  it("waits in silence for the rest when there is nothing but half a character", () => {
    const half = encode("€").subarray(0, 1);
    const taken = takePage(following, page(ZERO, [half]));
    expect(taken).toEqual({ session: following });
  });

  it("sends what there is at the end of a closed stream", () => {
    const half = encode("€").subarray(0, 1);
    const taken = takePage(following, page(ZERO, [half], { closed: true }));
    expect(taken.batch?.chunks.length).toBe(1);
    expect(taken.session.state).toBe("ended");
  });

  it("holds nothing back of JSON or of bytes", () => {
    const half = encode("€").subarray(0, 1);
    const taken = takePage(following, page(ZERO, [half], { kind: "bytes" }));
    expect(taken.batch?.next).toEqual({ seq: 1, byte: 1 });
  });
});
