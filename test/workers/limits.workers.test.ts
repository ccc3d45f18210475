/** The largest things, through every tier; and that no row grows past what the platform takes. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { APPEND_BYTES_MAX, MESSAGE_BYTES_MAX, READ_BYTES_MAX } from "#protocol/limits.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  post,
  put,
  readAll,
  readBytes,
  restart,
  sameBytes,
  tuneStreams,
} from "./harness.ts";

const ROW_BYTES_MAX = 2_000_000;
const BINARY = "application/octet-stream";
const JSON_TYPE = "application/json";

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}

// Nothing moves by itself: the tests say what is where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

async function largestRows(path: string): Promise<number[]> {
  const journal = await inStream(path, (_, { storage }) =>
    ["journal_a", "journal_b"].map(
      (table) =>
        storage.sql
          .exec<{ n: number }>(
            `SELECT ifnull(max(length(body) + ifnull(length(ends), 0)), 0) AS n FROM ${table}`,
          )
          .one().n,
    ),
  );
  const d1 = await env.DB.prepare(
    "SELECT ifnull(max(length(CAST(body AS BLOB)) + length(ends)), 0) AS n FROM blocks",
  ).first<number>("n");
  return [...journal, d1 ?? -1];
}

describe("an append of the largest size", () => {
  it("is read back byte for byte from the journal, D1 and R2", async () => {
    const path = "limits/append";
    const body = pattern(APPEND_BYTES_MAX);
    await put(path, BINARY);
    expect((await post(path, BINARY, body)).status).toBe(204);
    const seen: number[] = [];
    for (const move of [restart, flush, compact]) {
      await move(path);
      const pages = await readAll(path);
      expect(Math.max(...pages.map((p) => p.length))).toBeLessThanOrEqual(READ_BYTES_MAX);
      expect(sameBytes(await readBytes(path), body)).toBe(true);
      seen.push(...(await largestRows(path)));
    }
    expect(Math.max(...seen)).toBeGreaterThan(500_000);
    expect(Math.max(...seen)).toBeLessThan(ROW_BYTES_MAX);
  }, 60_000);

  it("is refused one byte above, and leaves nothing", async () => {
    const path = "limits/append-above";
    await put(path, BINARY);
    const answer = await post(path, BINARY, new Uint8Array(APPEND_BYTES_MAX + 1));
    expect(answer.status).toBe(413);
    expect(parse(answer.body)).toMatchObject({ error: { code: "body_too_large" } });
    expect((await readBytes(path)).length).toBe(0);
  });
});

describe("a JSON message of the largest size", () => {
  const largest = JSON.stringify("é".repeat((MESSAGE_BYTES_MAX - 2) / 2));

  it("is one answer from every tier, with its neighbours in others", async () => {
    const path = "limits/message";
    await put(path, JSON_TYPE);
    expect((await post(path, JSON_TYPE, `[1,${largest},2]`)).status).toBe(204);
    for (const move of [restart, flush, compact]) {
      await move(path);
      const texts = (await readAll(path)).map((page) => new TextDecoder().decode(page));
      expect(texts).toEqual(["[1]", `[${largest}]`, "[2]"]);
    }
    expect(Math.max(...(await largestRows(path)))).toBeLessThan(ROW_BYTES_MAX);
  });

  it("is refused one byte above, and the batch with it", async () => {
    const path = "limits/message-above";
    await put(path, JSON_TYPE);
    const answer = await post(
      path,
      JSON_TYPE,
      `[1,${largest} ,"${"x".repeat(MESSAGE_BYTES_MAX - 1)}"]`,
    );
    expect(answer.status).toBe(413);
    expect(parse(answer.body)).toMatchObject({ error: { code: "message_too_large" } });
    expect(parse((await ask(path)).body)).toEqual([]);
  });
});

describe("text whose characters are split between appends", () => {
  it("is the same bytes from every tier", async () => {
    const path = "limits/split";
    const bytes = new TextEncoder().encode("a€𝄞é");
    await put(path, "text/plain");
    for (const byte of bytes) await post(path, "text/plain", new Uint8Array([byte]));
    for (const move of [restart, flush, compact]) {
      await move(path);
      expect(sameBytes(await readBytes(path), bytes)).toBe(true);
    }
  });
});

describe("a compaction that R2 took and D1 did not hear of", () => {
  it("is done again under the same key", async () => {
    const path = "limits/put-again";
    await put(path, "text/plain", "one ");
    await post(path, "text/plain", "two");
    await flush(path);
    const id = await inStream(path, async ({ slot, deps }) => {
      if (slot.kind === "absent") throw new Error("There is no stream.");
      const { id: streamId, compacted } = slot.record;
      const [first, ...rest] = await deps.log.read(streamId, compacted, "text", READ_BYTES_MAX);
      if (first === undefined) throw new Error("There is nothing to compact.");
      await deps.segments.put(streamId, [first, ...rest]);
      return streamId;
    });
    await restart(path);
    await compact(path, 7);
    await restart(path);
    expect(new TextDecoder().decode(await readBytes(path))).toBe("one two");
    const { objects } = await env.SEGMENTS.list({ prefix: `segments/${id}/` });
    expect(objects).toHaveLength(1);
  });
});

describe("a flush that D1 took and the object forgot", () => {
  it("is done again without loss and without a second copy", async () => {
    const path = "limits/again";
    await put(path, "text/plain", "one ");
    // The crash between D1's answer and the journal's: the insert has happened, nothing else.
    await inStream(path, async ({ slot, deps }) => {
      const sealed = deps.journal.seal();
      if (slot.kind === "absent" || sealed === undefined) throw new Error("Nothing to flush.");
      await deps.log.insert(slot.record, deps.journal.read(slot.record.flushed, "bytes", 1e9));
    });
    await restart(path);
    await post(path, "text/plain", "two ");
    await flush(path);
    await post(path, "text/plain", "three");
    await flush(path);
    await restart(path);
    expect(new TextDecoder().decode(await readBytes(path))).toBe("one two three");
    const { results } = await env.DB.prepare(
      "SELECT start, end FROM blocks b JOIN streams s ON s.stream_id = b.stream_id WHERE path = ? ORDER BY start",
    )
      .bind(path)
      .all<{ start: number; end: number }>();
    results.slice(1).forEach((row, i) => expect(row.start).toBe(results[i]?.end));
    expect(results.at(-1)?.end).toBe(13);
  });
});
