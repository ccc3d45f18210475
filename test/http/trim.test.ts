/** Bounded streams over HTTP: retention headers, trims, and what readers are told. */

import { describe, expect, it } from "vitest";
import {
  codeOf,
  controlOf,
  dataOf,
  follow,
  freshUrl,
  nextOffset,
  pause,
  post,
  put,
  SERVERS,
} from "./http.ts";

const TEXT = "text/plain";

const trim = (url: string, before: string) =>
  fetch(`${url}?before=${encodeURIComponent(before)}`, { method: "DELETE" });
const earliestOf = ({ headers }: Response) => headers.get("Stream-Earliest-Offset") ?? "";
const head = (url: string) => fetch(url, { method: "HEAD" });

describe.each(SERVERS)("retention headers, %s", (_, server) => {
  const bounds = {
    "Stream-Retention-Messages": "1000",
    "Stream-Retention-Bytes": "1048576",
    "Stream-Retention-Seconds": "86400",
  };

  it("are repeated by PUT and HEAD, each for itself", async () => {
    for (const given of [{}, { "Stream-Retention-Bytes": "7" }, bounds]) {
      const url = freshUrl(server);
      for (const status of [201, 200]) {
        const answer = await put(url, TEXT, undefined, given);
        expect(answer.status).toBe(status);
        for (const answered of [answer, await head(url)]) {
          const named = [...answered.headers].filter(([name]) => name.includes("retention"));
          expect(Object.fromEntries(named)).toEqual(
            Object.fromEntries(Object.entries(given).map(([k, v]) => [k.toLowerCase(), v])),
          );
        }
      }
    }
  });

  it("must be the same in a repeated PUT", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, undefined, bounds);
    const others = [{}, { ...bounds, "Stream-Retention-Bytes": "1" }, { "Stream-TTL": "9" }];
    for (const other of others) {
      const answer = await put(url, TEXT, undefined, other);
      expect([answer.status, await codeOf(answer)]).toEqual([409, "stream_exists"]);
    }
  });

  it("may be sent and read by pages of other origins", async () => {
    const { headers } = await fetch(freshUrl(server), { method: "OPTIONS" });
    for (const name of Object.keys(bounds)) {
      expect(headers.get("Access-Control-Allow-Headers")).toContain(name);
      expect(headers.get("Access-Control-Expose-Headers")).toContain(name);
    }
    expect(headers.get("Access-Control-Expose-Headers")).toContain("Stream-Earliest-Offset");
  });
});

describe.each(SERVERS)("trims, %s", (_, server) => {
  it("move the first offset, which -1 and the answers to older offsets follow", async () => {
    const url = freshUrl(server);
    const offsets = [nextOffset(await put(url, TEXT, "a"))];
    for (const body of ["b", "c"]) offsets.push(nextOffset(await post(url, TEXT, body)));
    const [first = "", second = "", tail = ""] = offsets;
    expect(earliestOf(await head(url)) < first).toBe(true);
    const answer = await trim(url, second);
    expect([answer.status, earliestOf(answer), nextOffset(answer)]).toEqual([204, second, tail]);
    expect(earliestOf(await head(url))).toBe(second);
    for (const query of ["", "?offset=-1", `?offset=${second}`]) {
      expect(await (await fetch(url + query)).text()).toBe("c");
    }
    for (const live of ["", "&live=long-poll", "&live=sse"]) {
      const gone = await fetch(`${url}?offset=${first}${live}`);
      expect([gone.status, earliestOf(gone), await codeOf(gone)]).toEqual([
        410,
        second,
        "offset_gone",
      ]);
    }
    expect(earliestOf(await trim(url, first))).toBe(second);
    expect(earliestOf(await trim(url, "now"))).toBe(tail);
    expect(nextOffset(await fetch(url))).toBe(tail);
  });

  it.each([
    ["past the tail", "0000000000000009_0000000000000009"],
    ["of no message", "0000000000000001_0000000000000002"],
    ["in no form", "1"],
    ["that is empty", ""],
  ])("before an offset %s are refused, and drop nothing", async (_name, before) => {
    const url = freshUrl(server);
    await put(url, TEXT, "hello");
    await post(url, TEXT, "world");
    const answer = await trim(url, before);
    expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_offset"]);
    expect(await (await fetch(url)).text()).toBe("helloworld");
  });

  it("with a misspelled or repeated parameter do not delete the stream instead", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "hello");
    for (const [query, code] of [
      ["?Before=now", "invalid_query"],
      ["?before=now&offset=now", "invalid_query"],
      ["?before=now&before=now", "invalid_offset"],
      ["?before", "invalid_offset"],
    ] as const) {
      const answer = await fetch(url + query, { method: "DELETE" });
      expect([answer.status, await codeOf(answer)], query).toEqual([400, code]);
    }
    expect(await (await fetch(url)).text()).toBe("hello");
  });

  it("of no stream are 404, of a deleted one with forks 410", async () => {
    const [source, fork] = [freshUrl(server), freshUrl(server)];
    const none = await trim(source, "now");
    expect([none.status, await codeOf(none)]).toEqual([404, "stream_not_found"]);
    await put(source, TEXT, "x");
    await put(fork, TEXT, undefined, { "Stream-Forked-From": new URL(source).pathname });
    await fetch(source, { method: "DELETE" });
    const gone = await trim(source, "now");
    expect([gone.status, await codeOf(gone)]).toEqual([410, "stream_deleted"]);
  });

  it("do not disturb a reader at the tail", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "old");
    let trimmed: Promise<unknown> | undefined;
    const events = await follow(`${url}?offset=-1&live=sse`, (seen) => {
      // The reader has the old message: now it goes, and a new one comes.
      if (seen.length === 2) trimmed ??= trim(url, "now").then(() => post(url, TEXT, "new"));
      return dataOf(seen).length === 2;
    });
    await trimmed;
    expect(dataOf(events)).toEqual(["old", "new"]);
    expect(controlOf(events.find(({ event }) => event === "control")).upToDate).toBe(true);
  });
});

describe("retention", () => {
  it("is enforced within a minute, with nobody there", async () => {
    const urls = SERVERS.map(([, server]) => freshUrl(server));
    const expected = new Map<string, string>();
    for (const url of urls) {
      await put(url, TEXT, undefined, { "Stream-Retention-Messages": "2" });
      for (const body of ["a", "b", "c", "d"]) {
        const { headers } = await post(url, TEXT, body);
        if (body === "b") expected.set(url, headers.get("Stream-Next-Offset") ?? "");
      }
    }
    const endMs = Date.now() + 60_000;
    for (const url of urls) {
      // HEAD does nothing but look.
      while (earliestOf(await head(url)) !== expected.get(url)) {
        expect(Date.now()).toBeLessThan(endMs);
        await pause(1_000);
      }
      expect(await (await fetch(url)).text()).toBe("cd");
    }
  }, 70_000);
});
