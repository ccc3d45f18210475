/** The list of all streams: who may see it, what is in it and when, and how it is read page by page. */

import { describe, expect, inject, it } from "vitest";
import { codeOf, freshUrl, put, SERVERS } from "./http.ts";

const WITHIN_MS = 30_000;
const TEXT = "text/plain";
const AUTHORIZED = { Authorization: `Bearer ${inject("servers").adminToken}` };

interface Listing {
  readonly streams: readonly { path: string; contentType: string; createdAt: string }[];
  readonly nextCursor?: string;
}

const get = (server: string, query: Record<string, string> = {}, headers = AUTHORIZED) =>
  fetch(`${server}/v1/streams?${new URLSearchParams(query)}`, { headers });

async function list(server: string, query: Record<string, string>): Promise<Listing> {
  const answer = await get(server, query);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  return (await answer.json()) as Listing;
}

const paths = ({ streams }: Listing) => streams.map(({ path }) => path);

/** A directory of paths that no other test uses, and its URL. */
function freshDirectory(server: string): [prefix: string, url: string] {
  const url = freshUrl(server);
  return [decodeURIComponent(new URL(url).pathname.slice("/v1/stream/".length)), url];
}

async function waitFor(
  server: string,
  prefix: string,
  expected: readonly string[],
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Listing> {
  let listing: Listing = { streams: [] };
  await expect
    .poll(
      async () => {
        await meanwhile();
        listing = await list(server, { prefix });
        return paths(listing);
      },
      { timeout: WITHIN_MS, interval: 250 },
    )
    .toEqual(expected);
  return listing;
}

describe.each(SERVERS)("the catalogue, %s", (_, server) => {
  it("lists empty streams too, and none any more that is deleted or has expired", async () => {
    const [prefix, url] = freshDirectory(server);
    const startMs = Date.now();
    await put(`${url}/empty`, "application/json");
    await put(`${url}/full`, TEXT, "x");
    await put(`${url}/short`, TEXT, "x", { "Stream-TTL": "6" });
    await put(`${url}/source`, TEXT, "x");
    await fetch(`${url}/fork`, {
      method: "PUT",
      headers: { "Stream-Forked-From": new URL(`${url}/source`).pathname },
    });
    const all = ["empty", "fork", "full", "short", "source"].map((name) => `${prefix}/${name}`);
    // It lives for as long as it is read: until it was listed.
    const { streams } = await waitFor(server, prefix, all, () => fetch(`${url}/short`));
    expect(streams.map(({ contentType }) => contentType)).toEqual([
      "application/json",
      TEXT,
      TEXT,
      TEXT,
      TEXT,
    ]);
    for (const { createdAt } of streams) {
      expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(startMs - 1_000);
      expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.now() + 1_000);
    }
    // The source stays for its fork, out of sight.
    for (const name of ["full", "source"]) await fetch(`${url}/${name}`, { method: "DELETE" });
    await waitFor(server, prefix, [`${prefix}/empty`, `${prefix}/fork`]);
    expect(await (await fetch(`${url}/fork`)).text()).toBe("x");
    await fetch(`${url}/fork`, { method: "DELETE" });
  }, 90_000);

  it("is read page by page, in the order of the paths, and the prefix is of the decoded path", async () => {
    const [prefix, url] = freshDirectory(server);
    const names = ["a", "b b", "b/c", "ä", "€", "\u{1f600}", "\u{10fffd}"];
    for (const name of names)
      await put(`${url}/${encodeURIComponent(name).replace("%2F", "/")}`, TEXT);
    const sorted = names.map((name) => `${prefix}/${name}`);
    await waitFor(server, `${prefix}/`, sorted);
    const read: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const page = await list(server, {
        prefix: `${prefix}/`,
        limit: "2",
        ...(cursor === "" ? {} : { cursor }),
      });
      read.push(...paths(page));
      expect(page.streams.length).toBeLessThanOrEqual(2);
      cursor = page.nextCursor;
    }
    expect(read).toEqual(sorted);
    const named = async (part: string) =>
      paths(await list(server, { prefix: `${prefix}/${part}` }));
    expect(await named("b")).toEqual([`${prefix}/b b`, `${prefix}/b/c`]);
    expect(await named("b ")).toEqual([`${prefix}/b b`]);
    expect(await named("\u{10fffd}")).toEqual([`${prefix}/\u{10fffd}`]);
    expect(await named("none")).toEqual([]);
    const whole = await list(server, { prefix: `${prefix}/`, limit: String(names.length) });
    expect(whole.nextCursor).toBeUndefined();
  }, 90_000);

  it.each([
    [{ limit: "0" }, "invalid_limit"],
    [{ limit: "1001" }, "invalid_limit"],
    [{ limit: "x" }, "invalid_limit"],
    [{ cursor: "x" }, "invalid_cursor"],
    [{ cursor: "p!" }, "invalid_cursor"],
    [{ cursor: "pA" }, "invalid_cursor"],
    [{ cursor: "p_w" }, "invalid_cursor"],
    [{ cursor: "pYQ", prefix: "b" }, "invalid_cursor"],
    [{ prefix: "x".repeat(1_025) }, "invalid_prefix"],
  ])("refuses %j: 400 %s", async (query, code) => {
    const answer = await get(server, query);
    expect([answer.status, await codeOf(answer)]).toEqual([400, code]);
  });

  it("refuses parameters that are given twice", async () => {
    for (const name of ["prefix", "cursor", "limit"]) {
      const url = `${server}/v1/streams?${name}=pYQ&${name}=pYQ`;
      expect((await fetch(url, { headers: AUTHORIZED })).status).toBe(400);
    }
  });

  it.each([
    ["nothing", {}],
    ["another token", { Authorization: "Bearer the-token-of-the-testz" }],
    ["a part of it", { Authorization: "Bearer the-token" }],
    ["another scheme", { Authorization: "Basic the-token-of-the-tests" }],
  ])("is shown to nobody who sends %s", async (_name, headers) => {
    const answer = await get(server, {}, headers as typeof AUTHORIZED);
    expect([answer.status, await codeOf(answer)]).toEqual([401, "unauthorized"]);
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
  });

  it("answers to GET alone", async () => {
    const answer = await fetch(`${server}/v1/streams`, { method: "POST", headers: AUTHORIZED });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET, OPTIONS"]);
  });
});
