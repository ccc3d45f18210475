/** The way from the journal to D1: in portions, in blocks that grow, and against a D1 that does not take it. */

import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { append } from "#engine/append.ts";
import { background, runFlush } from "#engine/flush.ts";
import { remove } from "#engine/remove.ts";
import { OPEN_BLOCK_BYTES_MAX } from "#protocol/limits.ts";
import { StorageFault } from "#storage/contract.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  letFlushEnd,
  nextOffset,
  post,
  put,
  readBytes,
  restart,
  sameBytes,
  tuneStreams,
} from "./harness.ts";

const TEXT = "text/plain";
const JOURNAL_BYTES_MAX = 6_000_000;
const MIB = 1_048_576;

beforeAll(() =>
  tuneStreams({
    flushBytes: 1e9,
    segmentBytes: 1e9,
    flushIntervalMs: 600_000,
    journalBytesMax: JOURNAL_BYTES_MAX,
  }),
);

async function blocksOf(path: string): Promise<{ start: number; end: number }[]> {
  const { results } = await env.DB.prepare(
    "SELECT start, end FROM blocks b JOIN streams s ON s.stream_id = b.stream_id WHERE path = ? ORDER BY start",
  )
    .bind(path)
    .all<{ start: number; end: number }>();
  return results;
}

const textOf = async (path: string, offset?: string) =>
  new TextDecoder().decode(await readBytes(path, offset));

describe("a D1 that takes nothing", () => {
  const rename = (from: string, to: string) =>
    env.DB.prepare(`ALTER TABLE ${from} RENAME TO ${to}`).run();

  afterEach(async () => {
    const away = await env.DB.prepare(
      "SELECT 1 FROM sqlite_schema WHERE name = 'blocks_away'",
    ).first();
    if (away !== null) await rename("blocks_away", "blocks");
  });

  it("lets appends go on until the journal is full, refuses more, and has everything later", async () => {
    const path = "flush/outage";
    await put(path, TEXT);
    await rename("blocks", "blocks_away");
    const taken: string[] = [];
    let answer = await post(path, TEXT, "0".repeat(MIB));
    for (let i = 1; answer.status === 204 && i < 20; i++) {
      taken.push(String(i - 1).repeat(MIB));
      answer = await post(path, TEXT, String(i % 10).repeat(MIB));
    }
    expect(taken).toHaveLength(Math.ceil(JOURNAL_BYTES_MAX / MIB));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe("5");
    expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({
      error: { code: "journal_full" },
    });
    // What is refused for another reason is told that reason, and reads go on.
    expect((await post(path, "text/html", "x")).status).toBe(409);
    expect(await textOf(path)).toBe(taken.join(""));
    await rename("blocks_away", "blocks");
    await letFlushEnd(path);
    expect((await post(path, TEXT, "after")).status).toBe(204);
    await flush(path);
    await restart(path);
    expect(await textOf(path)).toBe(`${taken.join("")}after`);
    expect((await blocksOf(path)).at(-1)?.end).toBe(taken.length * MIB + 5);
  });
});

describe("a flush", () => {
  it("of a stream that was deleted while it failed is not tried for ever", async () => {
    const path = "flush/deleted";
    await put(path, TEXT, "x");
    const due = await inStream(path, async (stream) => {
      const { log } = stream.deps;
      const insert = log.insert.bind(log);
      let fail = () => {};
      log.insert = () =>
        new Promise((_, reject) => {
          fail = () => reject(new StorageFault("D1 did not answer.", "unknown"));
        });
      const flushing = background(stream, () => runFlush(stream));
      remove(stream);
      fail();
      await flushing;
      log.insert = insert;
      await runFlush(stream);
      return stream.flushDueMs;
    });
    expect(due).toBeUndefined();
  });

  it("that only brings an empty stream into the catalogue does not forget an append meanwhile", async () => {
    const path = "flush/enlisted";
    await put(path, TEXT);
    const due = await inStream(path, async (stream) => {
      const flushing = runFlush(stream);
      const body = new TextEncoder().encode("x");
      const options = { close: false, producer: undefined, writerSeq: undefined };
      const appending = append(stream, { contentType: TEXT, body, ...options });
      await Promise.all([flushing, appending]);
      return stream.flushDueMs;
    });
    expect(due).toBeDefined();
  });

  it("sends what does not fit into one portion in several", async () => {
    const path = "flush/portions";
    await put(path, "application/octet-stream");
    const body = new Uint8Array(5 * MIB).map((_, i) => (i * 31) >>> 8);
    await post(path, "application/octet-stream", body);
    await restart(path);
    await flush(path);
    await restart(path);
    expect(await inStream(path, ({ deps }) => deps.journal.seal())).toBeUndefined();
    const blocks = await blocksOf(path);
    expect(blocks.length).toBeGreaterThan(8);
    blocks.slice(1).forEach((row, i) => expect(row.start).toBe(blocks[i]?.end));
    expect(sameBytes(await readBytes(path), body)).toBe(true);
  });

  it("makes a small block longer, and begins another where it is long enough", async () => {
    const path = "flush/open";
    const word = "x".repeat(100);
    await put(path, TEXT);
    const appends = Math.ceil(OPEN_BLOCK_BYTES_MAX / word.length) + 5;
    for (let i = 0; i < appends; i++) {
      await post(path, TEXT, word);
      await flush(path);
    }
    const blocks = await blocksOf(path);
    expect(blocks).toHaveLength(2);
    expect(blocks.at(-1)?.end).toBe(appends * word.length);
    await restart(path);
    expect(await textOf(path)).toBe(word.repeat(appends));
  });
});

describe("a block inside a longer one", () => {
  // An object that flushed and died before its journal learned of it packs its frames anew, and differently.
  it("changes no read and no segment", async () => {
    const path = "flush/nested";
    await put(path, TEXT);
    const offsets: string[] = [];
    const words = ["aa", "bbb", "cccc", "ddddd", "eeeeee", "fffffff"];
    for (const word of words) {
      await inStream(path, (stream) => void (stream.openBlock = undefined));
      await post(path, TEXT, word);
      offsets.push(nextOffset(await ask(path, { method: "HEAD" })));
      await flush(path);
    }
    await inStream(path, async ({ slot, deps }) => {
      if (slot.kind === "absent") throw new Error("The stream is gone.");
      // From the second word to the end of the fifth: three later blocks lie in it, the last one follows.
      const inner = await deps.log.read(slot.record.id, { seq: 1, byte: 2 }, "text", 18);
      const payload = new TextEncoder().encode(words.slice(1, 5).join(""));
      expect(inner.map((c) => c.payload.length).slice(0, 4)).toEqual([3, 4, 5, 6]);
      await deps.log.insert(slot.record, [
        { start: { seq: 1, byte: 2 }, ends: [3, 7, 12, 18], payload },
      ]);
    });
    const expectReads = async () => {
      await restart(path);
      for (const [i, offset] of offsets.entries()) {
        expect(await textOf(path, offset)).toBe(words.slice(i + 1).join(""));
      }
      expect(await textOf(path)).toBe(words.join(""));
    };
    expect((await blocksOf(path)).map((b) => b.end)).toEqual([2, 20, 9, 14, 20, 27]);
    await expectReads();
    await compact(path, 10);
    await expectReads();
    await compact(path, 1);
    await expectReads();
    expect(await blocksOf(path)).toEqual([]);
  });
});
