/** Producers, entity tags and cache headers, beyond what the official suite looks at. */

import { describe, expect, it } from "vitest";
import { codeOf, freshUrl, nextOffset, post, producer, put, SERVERS } from "./http.ts";

const TEXT = "text/plain";
const CLOSED = { "Stream-Closed": "true" };

describe.each(SERVERS)("producers (§5.2.1), %s", (_, server) => {
  const max = Number.MAX_SAFE_INTEGER;

  it("are answered by table, with the headers of each answer", async () => {
    const url = freshUrl(server);
    await put(url, TEXT);
    const steps: readonly (readonly [Record<string, string>, number, string, string | null])[] = [
      [producer(0, 0), 200, "Producer-Seq", "0"],
      [producer(0, 0), 204, "Producer-Seq", "0"],
      [producer(0, 1), 200, "Producer-Seq", "1"],
      [producer(0, 0), 204, "Producer-Seq", "1"],
      [producer(0, 3), 409, "Producer-Expected-Seq", "2"],
      [producer(1, 1), 400, "Producer-Epoch", null],
      [producer(max, 0), 200, "Producer-Epoch", String(max)],
      [producer(0, 2), 403, "Producer-Epoch", String(max)],
      [producer(max, max), 409, "Producer-Received-Seq", String(max)],
    ];
    for (const [headers, status, name, value] of steps) {
      const answer = await post(url, TEXT, "x", headers);
      expect([answer.status, answer.headers.get(name)]).toEqual([status, value]);
    }
    expect(await (await fetch(url)).text()).toBe("xxx");
  });

  it("may repeat the request that closed the stream, and only that", async () => {
    const url = freshUrl(server);
    await put(url, TEXT);
    const statuses: number[] = [];
    for (const headers of [producer(0, 0), producer(0, 0), producer(0, 1)]) {
      const answer = await post(url, TEXT, "end", { ...headers, ...CLOSED });
      statuses.push(answer.status);
      expect(answer.headers.get("Stream-Closed")).toBe("true");
    }
    expect(statuses).toEqual([200, 204, 409]);
    expect(await (await fetch(url)).text()).toBe("end");
  });
});

describe.each(SERVERS)("the content type of a fork (§4.2), %s", (_, server) => {
  it("is its source's, or the same spelled as its own request does", async () => {
    const source = freshUrl(server);
    await put(source, "application/json");
    const types = [];
    for (const own of [{}, { "Content-Type": "application/json; charset=utf-8" }]) {
      const headers = { "Stream-Forked-From": new URL(source).pathname, ...own };
      const answer = await fetch(freshUrl(server), { method: "PUT", headers });
      types.push([answer.status, answer.headers.get("Content-Type")]);
    }
    expect(types).toEqual([
      [201, "application/json"],
      [201, "application/json; charset=utf-8"],
    ]);
  });
});

describe.each(SERVERS)("entity tags and caching (§10.1), %s", (_, server) => {
  it("an ETag changes when the stream is closed, and a 304 never hides it", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "x");
    const etag = (await fetch(url)).headers.get("ETag") ?? "";
    const same = await fetch(url, { headers: { "If-None-Match": `"other", W/${etag}` } });
    expect(same.status).toBe(304);
    expect(same.headers.get("X-Content-Type-Options")).toBe("nosniff");
    await fetch(url, { method: "POST", headers: CLOSED });
    const closed = await fetch(url, { headers: { "If-None-Match": etag } });
    expect([closed.status, closed.headers.get("Stream-Closed")]).toEqual([200, "true"]);
    expect(closed.headers.get("ETag")).not.toBe(etag);
  });

  it("ETag and offsets differ after delete and re-creation", async () => {
    const url = freshUrl(server);
    const before = nextOffset(await put(url, TEXT, "same"));
    const etag = (await fetch(url)).headers.get("ETag");
    await fetch(url, { method: "DELETE" });
    const after = nextOffset(await put(url, TEXT, "same"));
    expect(after > before).toBe(true);
    expect((await fetch(url)).headers.get("ETag")).not.toBe(etag);
    const old = await fetch(`${url}?offset=${before}`);
    expect([old.status, await codeOf(old)]).toEqual([410, "offset_gone"]);
    const earliest = old.headers.get("Stream-Earliest-Offset");
    expect(await (await fetch(`${url}?offset=${earliest}`)).text()).toBe("same");
  });

  it("only answers with data may be kept", async () => {
    const url = freshUrl(server);
    const at = nextOffset(await put(url, TEXT, "x"));
    const caching = async (query: string, method = "GET") =>
      (await fetch(url + query, { method })).headers.get("Cache-Control");
    expect(await caching("")).toBe("public, max-age=60, stale-while-revalidate=300");
    expect(await caching(`?offset=${at}`)).toBe("no-store");
    expect(await caching("?offset=now")).toBe("no-store");
    expect(await caching("?offset=now&live=long-poll")).toBe("no-store");
    expect(await caching("", "HEAD")).toBe("no-store");
    expect((await fetch(`${url}?offset=now`)).headers.has("ETag")).toBe(false);
  });

  it("nothing is kept longer than its stream lives", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "x", { "Stream-TTL": "10" });
    expect((await fetch(url)).headers.get("Cache-Control")).toBe(
      "public, max-age=10, stale-while-revalidate=0",
    );
  });
});
