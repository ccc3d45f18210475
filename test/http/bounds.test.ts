/** Reads that say how much they want, and reads of the last messages. */

import { describe, expect, it } from "vitest";
import {
  codeOf,
  dataOf,
  follow,
  freshUrl,
  nextOffset,
  post,
  put,
  SERVERS,
  untilItWaits,
} from "./http.ts";
import { servePatiently } from "./patient.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const BINARY = "application/octet-stream";

/** The bodies of the answers from the beginning to the tail, and how many of them said that they reached it. */
async function pages(url: string, query: string): Promise<{ bodies: string[]; upToDate: number }> {
  const bodies: string[] = [];
  for (let offset = "-1"; ;) {
    const answer = await fetch(`${url}?offset=${offset}&${query}`);
    expect(answer.status).toBe(200);
    bodies.push(await answer.text());
    offset = nextOffset(answer);
    if (answer.headers.has("Stream-Up-To-Date")) return { bodies, upToDate: bodies.length };
  }
}

async function jsonStream(server: string): Promise<string> {
  const url = freshUrl(server);
  await put(url, JSON_TYPE, "[1,22]");
  await post(url, JSON_TYPE, "[333,4444,5]");
  return url;
}

describe.each(SERVERS)("limit and max-bytes, %s", (_, server) => {
  it("bound each answer to whole messages, and only the last one is up to date", async () => {
    const url = await jsonStream(server);
    expect((await pages(url, "limit=2")).bodies).toEqual(["[1,22]", "[333,4444]", "[5]"]);
    expect((await pages(url, "limit=9")).bodies).toEqual(["[1,22,333,4444,5]"]);
    expect((await pages(url, "max-bytes=1")).bodies).toEqual([
      "[1]",
      "[22]",
      "[333]",
      "[4444]",
      "[5]",
    ]);
    expect((await pages(url, "max-bytes=6")).bodies).toEqual(["[1,22,333]", "[4444,5]"]);
    expect((await pages(url, "max-bytes=6&limit=2")).bodies).toEqual([
      "[1,22]",
      "[333]",
      "[4444,5]",
    ]);
  });

  it("count the appends of a byte stream, and cut it at any byte", async () => {
    const url = freshUrl(server);
    await put(url, BINARY, "abc");
    await post(url, BINARY, "de");
    expect((await pages(url, "limit=1")).bodies).toEqual(["abc", "de"]);
    expect((await pages(url, "max-bytes=2")).bodies).toEqual(["ab", "cd", "e"]);
    expect((await pages(url, "max-bytes=2&limit=1")).bodies).toEqual(["ab", "c", "de"]);
  });

  it("say that a closed stream is at its end only with its last message", async () => {
    const url = freshUrl(server);
    await put(url, JSON_TYPE, "[1,2]", { "Stream-Closed": "true" });
    const first = await fetch(`${url}?limit=1`);
    expect(first.headers.has("Stream-Closed")).toBe(false);
    const last = await fetch(`${url}?limit=1&offset=${nextOffset(first)}`);
    expect(last.headers.get("Stream-Closed")).toBe("true");
  });

  it("may be kept by caches, each with a tag of its own", async () => {
    const url = await jsonStream(server);
    const [one, two] = [await fetch(`${url}?limit=1`), await fetch(`${url}?limit=2`)];
    expect(one.headers.get("Cache-Control")).toContain("max-age");
    expect(one.headers.get("ETag")).not.toBe(two.headers.get("ETag"));
  });
});

describe.each(SERVERS)("last, %s", (_, server) => {
  it("begins that many messages before the tail, and is never kept by a cache", async () => {
    const url = await jsonStream(server);
    const read = async (query: string) => {
      const answer = await fetch(url + query);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("Stream-Up-To-Date")).toBe("true");
      return answer.text();
    };
    expect(await read("?last=1")).toBe("[5]");
    expect(await read("?last=4")).toBe("[22,333,4444,5]");
    expect(await read("?last=5")).toBe("[1,22,333,4444,5]");
    expect(await read("?last=9007199254740991")).toBe("[1,22,333,4444,5]");
    const bounded = await fetch(`${url}?last=3&limit=2`);
    expect([await bounded.text(), bounded.headers.has("Stream-Up-To-Date")]).toEqual([
      "[333,4444]",
      false,
    ]);
  });

  it("counts the appends of a text stream", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "one ");
    await post(url, TEXT, "two ");
    await post(url, TEXT, "three");
    expect(await (await fetch(`${url}?last=2`)).text()).toBe("two three");
  });

  it("follows from there", async () => {
    const url = await jsonStream(server);
    let appending: Promise<unknown> | undefined;
    const events = await follow(`${url}?last=2&live=sse`, (seen) => {
      // Only when it has what was there.
      if (seen.length === 2) appending ??= post(url, JSON_TYPE, "[6]");
      return dataOf(seen).length === 2;
    });
    await appending;
    expect(dataOf(events)).toEqual(["[4444,5]", "[6]"]);
  });

  it("starts at the first message that a re-created stream has", async () => {
    const url = await jsonStream(server);
    await fetch(url, { method: "DELETE" });
    await put(url, JSON_TYPE, "[7,8]");
    expect(await (await fetch(`${url}?last=9`)).text()).toBe("[7,8]");
    expect(await (await fetch(`${url}?last=1`)).text()).toBe("[8]");
  });
});

describe.each(["journal", "d1"])("long-polls with bounds, %s", (ackMode) => {
  const server = servePatiently(ackMode);

  it("are bounded by limit, and the next one goes on from there", async () => {
    const url = await jsonStream(server());
    const first = await fetch(`${url}?offset=-1&live=long-poll&limit=4`);
    expect([await first.text(), first.headers.has("Stream-Up-To-Date")]).toEqual([
      "[1,22,333,4444]",
      false,
    ]);
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    const waiting = fetch(`${url}?offset=${tail}&live=long-poll&limit=1`);
    await untilItWaits(url);
    await post(url, JSON_TYPE, "[6,7]");
    expect(await (await waiting).text()).toBe("[6]");
  });

  it("begin with the last messages, and wait where there is nothing", async () => {
    const url = freshUrl(server());
    await put(url, JSON_TYPE);
    const waiting = fetch(`${url}?last=2&live=long-poll`);
    await untilItWaits(url);
    await post(url, JSON_TYPE, "[1,2,3]");
    expect(await (await waiting).text()).toBe("[1,2,3]");
    const ready = await fetch(`${url}?last=2&live=long-poll`);
    expect([await ready.text(), ready.headers.get("Cache-Control")]).toEqual(["[2,3]", "no-store"]);
  });
});

describe.each(SERVERS)("what bounds are refused, %s", (_, server) => {
  it.each([
    ["last=0", "invalid_last"],
    ["last=x", "invalid_last"],
    ["last=", "invalid_last"],
    ["last=-1", "invalid_last"],
    ["last=1&last=1", "invalid_last"],
    ["last=1&offset=-1", "invalid_last"],
    ["last=1&offset=now&live=sse", "invalid_last"],
    ["limit=0", "invalid_limit"],
    ["limit=1.5", "invalid_limit"],
    ["limit=1&limit=2", "invalid_limit"],
    ["max-bytes=0", "invalid_limit"],
    ["max-bytes=9007199254740992", "invalid_limit"],
    ["max-bytes=1k", "invalid_limit"],
    ["limit=1&offset=-1&live=sse", "invalid_limit"],
    ["max-bytes=1&last=1&live=sse", "invalid_limit"],
  ])("%s: 400 %s", async (query, code) => {
    const url = freshUrl(server);
    await put(url, TEXT, "x");
    const answer = await fetch(`${url}?${query}`);
    expect([answer.status, await codeOf(answer)]).toEqual([400, code]);
  });
});
