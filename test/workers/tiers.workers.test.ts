/** The three tiers: what was written is what is read, wherever it lies, and no offset outlives its stream. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { concat } from "./content.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  put,
  readAll,
  readBytes,
  restart,
  sameBytes,
  tuneStreams,
} from "./harness.ts";
import { random, randomBytes } from "./payload.ts";

const MIB = 1_048_576;
const ROW_BYTES_MAX = 2_000_000;
const BINARY = "application/octet-stream";
const JSON_TYPE = "application/json";
const encode = (text: string) => new TextEncoder().encode(text);

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

async function idOf(path: string): Promise<string> {
  return inStream(path, ({ slot }) => (slot.kind === "present" ? slot.record.id : ""));
}

async function count(table: "blocks" | "segments" | "streams", id: string): Promise<number> {
  const query = env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE stream_id = ?`).bind(id);
  return (await query.first<number>("n")) ?? 0;
}

async function journalRows(path: string): Promise<number> {
  return inStream(
    path,
    (_, { storage }) =>
      storage.sql
        .exec<{ n: number }>(
          "SELECT (SELECT count(*) FROM journal_a) + (SELECT count(*) FROM journal_b) AS n",
        )
        .one().n,
  );
}

describe("reads", () => {
  const appends = Array.from({ length: 12 }, (_, i) => randomBytes(random(i + 1), 15_000 + i));
  const all = concat(appends);

  async function write(path: string, from: number, to: number): Promise<string[]> {
    const offsets: string[] = [];
    for (const body of appends.slice(from, to)) {
      offsets.push(nextOffset(await post(path, BINARY, body as Uint8Array<ArrayBuffer>)));
    }
    return offsets;
  }

  it.each([
    ["memory", async () => undefined],
    ["the journal", restart],
    [
      "D1",
      async (path: string) => {
        await flush(path);
        await restart(path);
      },
    ],
    [
      "R2",
      async (path: string) => {
        await compact(path, 50_000);
        await compact(path);
        await restart(path);
      },
    ],
  ])("give the same bytes from %s, from every offset", async (tier, prepare) => {
    const path = `tier-${tier}`;
    await put(path, BINARY);
    const offsets = await write(path, 0, 12);
    await prepare(path);
    const id = await idOf(path);
    expect(await count("blocks", id)).toBe(tier === "D1" ? 1 : 0);
    expect((await count("segments", id)) > 0).toBe(tier === "R2");
    expect((await journalRows(path)) > 0).toBe(tier === "memory" || tier === "the journal");
    expect(sameBytes(await readBytes(path), all)).toBe(true);
    let at = 0;
    for (const [i, offset] of offsets.entries()) {
      at += appends[i]?.length ?? 0;
      expect(sameBytes(await readBytes(path, offset), all.subarray(at)), offset).toBe(true);
    }
  });

  it("end at the same places in a segment, wherever they begin and whoever has read before", async () => {
    const path = "aligned";
    await put(path, BINARY);
    const offsets: string[] = [];
    for (let n = 0; n < 64; n++) {
      offsets.push(nextOffset(await post(path, BINARY, randomBytes(random(n), 100_000))));
    }
    await compact(path, 6_000_000);
    const walk = async (from: string) => {
      const ends: string[] = [];
      for (let at = from; ;) {
        const answer = await ask(path, {}, `?offset=${at}`);
        at = nextOffset(answer);
        ends.push(`${at} ${answer.headers.get("ETag")?.split(":").at(-1)}`);
        if (answer.headers.has("Stream-Up-To-Date")) return ends;
      }
    };
    await restart(path);
    const first = await walk("-1");
    expect(first.length).toBeGreaterThan(3);
    expect(await walk("-1")).toEqual(first);
    for (const n of [1, 7, 14, 15, 16, 30]) {
      const ends = await walk(offsets[n] ?? "");
      await restart(path);
      expect(await walk(offsets[n] ?? "")).toEqual(ends);
      // After its first page a reader is where the one from the beginning has been.
      const places = first.map((end) => end.split(" ")[0]);
      for (const end of ends) expect(places).toContain(end.split(" ")[0]);
    }
  });

  it("stitch all tiers together", async () => {
    await put("stitched", BINARY);
    const offsets = await write("stitched", 0, 3);
    await compact("stitched");
    offsets.push(...(await write("stitched", 3, 6)));
    await flush("stitched");
    offsets.push(...(await write("stitched", 6, 9)));
    await restart("stitched");
    offsets.push(...(await write("stitched", 9, 12)));
    let at = 0;
    for (const [i, offset] of ["-1", ...offsets].entries()) {
      expect(sameBytes(await readBytes("stitched", offset), all.subarray(at)), offset).toBe(true);
      at += appends[i]?.length ?? 0;
    }
  });
});

describe("a stream created again under the path of a deleted one", () => {
  it("does not take old offsets even when a short fork lived there in between", async () => {
    await put("floor", BINARY, "one");
    for (const body of ["two", "three", "four"]) await post("floor", BINARY, body);
    const old = nextOffset(await ask("floor", { method: "HEAD" }));
    await ask("floor", { method: "DELETE" });
    await put("floor-source", BINARY, "short");
    const headers = { "Stream-Forked-From": "/v1/stream/floor-source" };
    expect((await ask("floor", { method: "PUT", headers })).status).toBe(201);
    await ask("floor", { method: "DELETE" });
    const created = await put("floor", BINARY);
    expect(nextOffset(created) > old).toBe(true);
    await post("floor", BINARY, "long enough to reach past all that was there before");
    expect((await ask("floor", {}, `?offset=${old}`)).status).toBe(410);
  });
});

describe("a batch of very many small messages", () => {
  const MESSAGES = MIB;

  async function largestRow(path: string): Promise<number> {
    const journal = await inStream(
      path,
      (_, { storage }) =>
        storage.sql
          .exec<{ n: number }>(
            `SELECT ifnull(max(length(body) + ifnull(length(ends), 0)), 0) AS n
             FROM (SELECT * FROM journal_a UNION ALL SELECT * FROM journal_b)`,
          )
          .one().n,
    );
    const block = await env.DB.prepare(
      "SELECT max(length(CAST(body AS BLOB)) + length(ends)) AS n FROM blocks WHERE stream_id = ?",
    )
      .bind(await idOf(path))
      .first<number>("n");
    return Math.max(journal, block ?? 0);
  }

  it("makes no row that the platform refuses, and is read back from every tier", async () => {
    const body = encode(`[${"1,".repeat(MESSAGES - 1)}1]`) as Uint8Array<ArrayBuffer>;
    await put("many", JSON_TYPE);
    expect((await post("many", JSON_TYPE, body)).status).toBe(204);
    for (const move of [restart, flush, compact, restart]) {
      expect(await largestRow("many")).toBeLessThan(ROW_BYTES_MAX);
      await move("many");
      // An answer of n messages "1" has n - 1 commas and two brackets.
      const bodies = await readAll("many");
      expect(bodies.reduce((n, { length }) => n + (length - 1) / 2, 0)).toBe(MESSAGES);
    }
  }, 60_000);
});
