/** Optimistic concurrency: an append that counts only if the stream still ends where its writer read to. */

import { describe, expect, it } from "vitest";
import { codeOf, freshUrl, nextOffset, post, producer, put, SERVERS } from "./http.ts";

const TEXT = "text/plain";
const CLOSED = { "Stream-Closed": "true" };

function ifMatch(...offsets: readonly string[]) {
  return { "If-Match": offsets.map((o) => `"${o}"`).join(", ") };
}

describe.each(SERVERS)("If-Match on append, %s", (_, server) => {
  it("appends at the tail, and is refused with the tail once it has moved", async () => {
    const url = freshUrl(server);
    const first = nextOffset(await put(url, TEXT, "a"));
    const won = await post(url, TEXT, "b", ifMatch(first));
    expect(won.status).toBe(204);
    const lost = await post(url, TEXT, "c", ifMatch(first));
    expect([lost.status, await codeOf(lost)]).toEqual([412, "precondition_failed"]);
    expect(nextOffset(lost)).toBe(nextOffset(won));
    expect(lost.headers.has("Stream-Closed")).toBe(false);
    const again = await post(url, TEXT, "c", ifMatch(nextOffset(lost)));
    expect(again.status).toBe(204);
    expect(await (await fetch(url)).text()).toBe("abc");
  });

  it("one of many racing writers wins each round, and no message is lost or doubled", async () => {
    const url = freshUrl(server);
    let tail = nextOffset(await put(url, TEXT));
    let expected = "";
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        ["0", "1", "2", "3", "4", "5"].map((body) => post(url, TEXT, body, ifMatch(tail))),
      );
      const winners = answers.flatMap((a, i) => (a.status === 204 ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(answers.filter((a) => a.status === 412)).toHaveLength(5);
      expected += String(winners[0]);
      const offsets = new Set(answers.map(nextOffset));
      expect(offsets.size).toBe(1);
      [tail = ""] = offsets;
    }
    expect(await (await fetch(url)).text()).toBe(expected);
  });

  it("holds for a close, and for an append that closes", async () => {
    const url = freshUrl(server);
    const first = nextOffset(await put(url, TEXT, "a"));
    const tail = nextOffset(await post(url, TEXT, "b"));
    const headers = { ...CLOSED, ...ifMatch(first) };
    for (const refused of [
      await fetch(url, { method: "POST", headers }),
      await post(url, TEXT, "c", headers),
    ]) {
      expect([refused.status, nextOffset(refused)]).toEqual([412, tail]);
    }
    const closed = await post(url, TEXT, "c", { ...CLOSED, ...ifMatch(tail) });
    expect([closed.status, closed.headers.get("Stream-Closed")]).toEqual([204, "true"]);
    const late = await post(url, TEXT, "d", ifMatch(tail));
    expect([late.status, await codeOf(late)]).toEqual([409, "stream_closed"]);
    expect(late.headers.get("Stream-Closed")).toBe("true");
    const closedAgain = await fetch(url, { method: "POST", headers });
    expect(closedAgain.status).toBe(204);
  });

  it("takes a list and *, and no weak tag; a stream that is not there is 404", async () => {
    const url = freshUrl(server);
    const missing = await post(url, TEXT, "x", { "If-Match": "*" });
    expect([missing.status, await codeOf(missing)]).toEqual([404, "stream_not_found"]);
    const first = nextOffset(await put(url, TEXT, "a"));
    const tail = nextOffset(await post(url, TEXT, "b", ifMatch("other", first)));
    expect((await post(url, TEXT, "c", { "If-Match": `W/"${tail}"` })).status).toBe(412);
    expect((await post(url, TEXT, "c", { "If-Match": "*" })).status).toBe(204);
    expect(await (await fetch(url)).text()).toBe("abc");
  });

  it("holds for a trim and for a delete", async () => {
    const url = freshUrl(server);
    const first = nextOffset(await put(url, TEXT, "a"));
    const tail = nextOffset(await post(url, TEXT, "b"));
    const ask = (query: string, headers: Record<string, string>) =>
      fetch(url + query, { method: "DELETE", headers });
    for (const query of ["", `?before=${first}`]) {
      const late = await ask(query, ifMatch(first));
      expect([late.status, await codeOf(late)]).toEqual([412, "precondition_failed"]);
      expect(nextOffset(late)).toBe(tail);
      expect((await ask(query, { "If-Match": "abc" })).status).toBe(400);
    }
    expect(await (await fetch(url)).text()).toBe("ab");
    expect((await ask(`?before=${first}`, ifMatch(tail))).status).toBe(204);
    expect(await (await fetch(url)).text()).toBe("b");
    expect((await ask("", ifMatch(tail))).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
  });

  it.each([
    ["a tag without quotes", { "If-Match": "abc" }, "invalid_if_match"],
    ["an empty list", { "If-Match": "," }, "invalid_if_match"],
    ["a producer", { "If-Match": "*", ...producer(0, 0) }, "conflicting_if_match"],
  ])("with %s is 400, and stores nothing", async (_name, headers, code) => {
    const url = freshUrl(server);
    const tail = nextOffset(await put(url, TEXT, "a"));
    const answer = await post(url, TEXT, "b", headers);
    expect([answer.status, await codeOf(answer)]).toEqual([400, code]);
    expect(nextOffset(await fetch(url, { method: "HEAD" }))).toBe(tail);
  });
});
