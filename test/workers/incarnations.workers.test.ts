/** A path may see many streams. None of them ever sees another's bytes, tags, offsets or segments. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { remove } from "#engine/remove.ts";
import { chunkOf } from "#protocol/frames.ts";
import {
  ask,
  compact,
  flush,
  inStream,
  post,
  put,
  readBytes,
  restart,
  settle,
  tuneStreams,
} from "./harness.ts";

const TYPE = "text/plain";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushIntervalMs: 600_000 }));

async function count(table: "blocks" | "segments" | "streams", id: string): Promise<number> {
  const query = env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE stream_id = ?`).bind(id);
  return (await query.first<number>("n")) ?? -1;
}

async function streamId(path: string): Promise<string> {
  const etag = (await ask(path)).headers.get("ETag") ?? "";
  return etag.slice(1, etag.indexOf(":"));
}

function tokenOf({ headers }: { headers: Headers }): string {
  return headers.get("Stream-Next-Offset") ?? "";
}

describe("a stream that is created again under its old path", () => {
  it("shares nothing with the one before, wherever that was stored", async () => {
    const path = "again/tiers";
    await put(path, TYPE, "old segment");
    await compact(path);
    await post(path, TYPE, "old block");
    await flush(path);
    const last = await post(path, TYPE, "old journal");
    const oldTail = tokenOf(last);
    const before = await ask(path);
    const oldId = await streamId(path);
    expect(await count("segments", oldId)).toBe(1);
    expect(await count("blocks", oldId)).toBe(1);

    expect((await ask(path, { method: "DELETE" })).status).toBe(204);
    expect((await ask(path)).status).toBe(404);
    const created = await put(path, TYPE, "new");
    expect(created.status).toBe(201);
    expect(tokenOf(created) > oldTail).toBe(true);

    for (const again of [() => undefined, () => restart(path)]) {
      await again();
      const after = await ask(path, {
        headers: { "If-None-Match": before.headers.get("ETag") ?? "" },
      });
      expect(after.status).toBe(200);
      expect(after.headers.get("ETag")).not.toBe(before.headers.get("ETag"));
      expect(new TextDecoder().decode(after.body)).toBe("new");
      const gone = await ask(path, {}, `?offset=${oldTail}`);
      expect(gone.status).toBe(410);
      expect(gone.headers.get("Stream-Earliest-Offset") ?? "").not.toBe("");
    }

    expect(await settle([path])).toBe(0);
    expect(await count("segments", oldId)).toBe(0);
    expect(await count("blocks", oldId)).toBe(0);
    expect(await count("streams", oldId)).toBe(0);
    const { objects } = await env.SEGMENTS.list({ prefix: `segments/${oldId}/` });
    expect(objects).toEqual([]);
    expect(new TextDecoder().decode(await readBytes(path))).toBe("new");
  });

  it("is not touched by a clean-up of the old one that comes late", async () => {
    const path = "again/late";
    await put(path, TYPE, "old");
    await compact(path);
    await ask(path, { method: "DELETE" });
    await put(path, TYPE, "new");
    await compact(path);
    await post(path, TYPE, " tail");
    await settle([path]);
    await restart(path);
    expect(new TextDecoder().decode(await readBytes(path))).toBe("new tail");
  });
});

describe("a reader who waits while a stream is deleted and created again", () => {
  // A fork has the offsets of its source, so that the new stream may have all those of the old one.
  const replace = (path: string) =>
    inStream(path, (stream) => {
      const { slot } = stream;
      if (slot.kind === "absent") throw new Error("There is no stream.");
      const { record } = slot;
      remove(stream);
      const frames = ["yet ", "another"].map((text) => new TextEncoder().encode(text));
      const chunk = chunkOf(record.origin, frames);
      stream.put({ ...record, id: crypto.randomUUID() }, chunk, undefined);
      stream.deps.onChange();
    });

  const untilSomebodyReads = (path: string) =>
    vi.waitUntil(() => inStream(path, ({ deps }) => deps.readers() > 0), { timeout: 20_000 });

  it("is told by a long-poll, and given nothing of the new stream", async () => {
    const path = "again/long-poll";
    await put(path, TYPE, "old ");
    const waiting = ask(path, {}, "?offset=now&live=long-poll");
    await untilSomebodyReads(path);
    await replace(path);
    const { status, body } = await waiting;
    expect(status).toBe(404);
    expect(new TextDecoder().decode(body)).toContain("Another one is at its URL now");
    expect(new TextDecoder().decode(await readBytes(path))).toBe("yet another");
  });

  it("loses its connection, and is given nothing of the new stream", async () => {
    const path = "again/events";
    await put(path, TYPE, "old ");
    const waiting = ask(path, {}, "?offset=-1&live=sse");
    await untilSomebodyReads(path);
    await replace(path);
    const text = new TextDecoder().decode((await waiting).body);
    expect(text).toContain("data:old ");
    expect(text).not.toContain("another");
  });
});

describe("a source that is deleted while forks read it (§4.2)", () => {
  it("is read by the forks from D1 and R2, and goes with the last of them", async () => {
    const [source, fork, deep] = ["soft/source", "soft/fork", "soft/deep"];
    await put(source, TYPE, "cold ");
    await compact(source);
    await post(source, TYPE, "warm ");
    const forkOf = (from: string) => ({
      method: "PUT",
      headers: { "Stream-Forked-From": `/v1/stream/${from}` },
      body: `${from} `,
    });
    expect((await ask(fork, forkOf(source))).status).toBe(201);
    expect((await ask(deep, forkOf(fork))).status).toBe(201);
    const sourceId = await streamId(source);
    await post(source, TYPE, "not inherited");
    expect((await ask(source, { method: "DELETE" })).status).toBe(204);
    expect((await ask(source)).status).toBe(410);
    expect((await put(source, TYPE)).status).toBe(409);
    for (const path of [source, fork, deep]) await restart(path);
    const text = async (path: string) => new TextDecoder().decode(await readBytes(path));
    expect(await text(fork)).toBe("cold warm soft/source ");
    expect(await text(deep)).toBe("cold warm soft/source soft/fork ");

    await ask(fork, { method: "DELETE" });
    await settle([fork, source]);
    expect(await text(deep)).toBe("cold warm soft/source soft/fork ");
    expect((await ask(source)).status).toBe(410);
    await ask(deep, { method: "DELETE" });
    await settle([deep, fork, source]);
    expect((await ask(fork)).status).toBe(404);
    expect((await ask(source)).status).toBe(404);
    expect(await count("segments", sourceId)).toBe(0);
    expect(await count("blocks", sourceId)).toBe(0);
  });
});
