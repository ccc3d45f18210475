/** The routes of export and import: who may use them, and what they are not. test/archive says what they do. */

import { describe, expect, inject, it } from "vitest";
import { codeOf, freshUrl, nextOffset, put, SERVERS } from "./http.ts";

const AUTHORIZED = { Authorization: `Bearer ${inject("servers").adminToken}` };

describe.each(SERVERS)("export and import over HTTP, %s", (_, server) => {
  const adminUrl = (action: string, url: string) =>
    url.replace("/v1/stream/", `/v1/admin/${action}/`);

  it.each(["export", "import"])("%s nothing without the token", async (action) => {
    const url = adminUrl(action, freshUrl(server));
    for (const method of ["GET", "PUT", "POST", "DELETE"]) {
      const answer = await fetch(url, { method });
      expect([answer.status, await codeOf(answer)]).toEqual([401, "unauthorized"]);
    }
  });

  it("describe a stream with its producers, and give its frames", async () => {
    const url = freshUrl(server);
    const tail = nextOffset(await put(url, "text/plain", "hello"));
    const exported = adminUrl("export", url);
    const answer = await fetch(exported, { headers: AUTHORIZED });
    const { manifest, producers } = (await answer.json()) as {
      manifest: Record<string, string>;
      producers: unknown;
    };
    expect(manifest).toMatchObject({ contentType: "text/plain", closed: false, tail });
    expect(producers).toEqual([]);
    const { id = "", base = "" } = manifest;
    const query = new URLSearchParams({ id, offset: base, until: tail });
    const frames = await fetch(`${exported}?${query}`, { headers: AUTHORIZED });
    expect([frames.status, nextOffset(frames)]).toEqual([200, tail]);
    expect(Buffer.from(await frames.arrayBuffer()).toString("latin1")).toBe(
      "\0\0\0\u0001\0\0\0\u0005hello",
    );
    for (const [name, value, code] of [
      ["id", "another", "stream_not_found"],
      ["until", "x", "invalid_offset"],
      ["offset", tail, "invalid_offset"],
    ] as const) {
      const wrong = new URLSearchParams({ id, offset: base, until: tail, [name]: value });
      const refused = await fetch(`${exported}?${wrong}`, { headers: AUTHORIZED });
      expect(await codeOf(refused)).toBe(code);
    }
  });

  it("refuse what is no stream, no method and no path", async () => {
    const url = freshUrl(server);
    const ask = async (target: string, method: string) => {
      const answer = await fetch(target, { method, headers: AUTHORIZED });
      return [answer.status, await codeOf(answer)];
    };
    expect(await ask(adminUrl("export", url), "GET")).toEqual([404, "stream_not_found"]);
    expect(await ask(adminUrl("export", url), "PUT")).toEqual([405, "method_not_allowed"]);
    expect(await ask(adminUrl("import", url), "GET")).toEqual([405, "method_not_allowed"]);
    expect(await ask(adminUrl("other", url), "GET")).toEqual([404, "not_found"]);
    expect(await ask(`${server}/v1/admin/export/a//b`, "GET")).toEqual([404, "not_found"]);
    expect(await ask(`${server}/v1/admin/export/__ds/x`, "GET")).toEqual([404, "not_found"]);
  });

  it("are not a use of the stream: a sliding window goes on", async () => {
    const url = freshUrl(server);
    await put(url, "text/plain", "x", { "Stream-TTL": "2" });
    const endMs = Date.now() + 10_000;
    let status = 200;
    while (status === 200 && Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      ({ status } = await fetch(adminUrl("export", url), { headers: AUTHORIZED }));
    }
    expect(status).toBe(404);
  });
});
