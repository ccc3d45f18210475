/** Requests that race for the same stream: one of them wins, and everybody is told the truth about it. */

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
const ROUNDS = 10;
/** Long for a server, and much less than the time that a reader may wait. */
const AT_ONCE_MS = 20_000;

function remove(url: string): Promise<Response> {
  return fetch(url, { method: "DELETE" });
}

function close(url: string, body: string): Promise<Response> {
  return post(url, TEXT, body, { "Stream-Closed": "true" });
}

function statuses(answers: readonly Response[]): number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b);
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** Follows a stream until its connection ends. Returns when it has the first data, and knows that there is no more. */
async function followFromStart(url: string) {
  const { promise: stands, resolve } = Promise.withResolvers<void>();
  const ended = follow(`${url}?offset=-1&live=sse`, (events) => {
    if (events.length > 1) resolve();
    return false;
  });
  await Promise.race([stands, ended]);
  return { ended };
}

describe.each(SERVERS)("races, %s", (_, server) => {
  it("one of many creates makes the stream, with its own body", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const url = freshUrl(server);
      const answers = await Promise.all(times(8, (i) => put(url, `text/x-${i}`, `body ${i}`)));
      expect(statuses(answers)).toEqual([201, ...times(7, () => 409)]);
      const winner = answers.findIndex(({ status }) => status === 201);
      const read = await fetch(url);
      expect(read.headers.get("Content-Type")).toBe(`text/x-${winner}`);
      expect(await read.text()).toBe(`body ${winner}`);
    }
  });

  it("creates that ask for the same stream all succeed, and one made it", async () => {
    const url = freshUrl(server);
    const answers = await Promise.all(times(16, () => put(url, TEXT)));
    expect(statuses(answers)).toEqual([...times(15, () => 200), 201]);
  });

  it("one of many closes is the last append, and nothing comes after it", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const url = freshUrl(server);
      await put(url, TEXT);
      const requests = times(16, (i) => {
        const body = `${i},`;
        return {
          body,
          closes: i % 4 === 3,
          answer: i % 4 === 3 ? close(url, body) : post(url, TEXT, body),
        };
      });
      const done = await Promise.all(
        requests.map(async ({ answer, ...request }) => ({ ...request, answer: await answer })),
      );
      const taken = done.filter(({ answer }) => answer.status === 204);
      for (const { answer } of done.filter((d) => !taken.includes(d))) {
        expect([answer.status, await codeOf(answer)]).toEqual([409, "stream_closed"]);
      }
      expect(taken.filter(({ closes }) => closes)).toHaveLength(1);
      const read = await fetch(url);
      const parts = (await read.text()).split(/(?<=,)/);
      expect(parts.toSorted()).toEqual(taken.map(({ body }) => body).toSorted());
      expect(parts.at(-1)).toBe(taken.find(({ closes }) => closes)?.body);
      expect(read.headers.get("Stream-Closed")).toBe("true");
    }
  });

  it("one of many deletes takes the stream away", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const url = freshUrl(server);
      await put(url, TEXT, "x");
      const answers = await Promise.all(times(8, () => remove(url)));
      expect(statuses(answers)).toEqual([204, ...times(7, () => 404)]);
      expect((await fetch(url)).status).toBe(404);
    }
  });

  it("appends that race with a delete and a re-creation are in the stream they were taken by", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const url = freshUrl(server);
      const old = nextOffset(await put(url, TEXT, "old;"));
      const appends = times(8, (i) => post(url, TEXT, `${i};`));
      const [deleted, recreated, ...more] = await Promise.all([
        remove(url),
        put(url, TEXT),
        ...times(8, (i) => post(url, TEXT, `${8 + i};`)),
      ]);
      const answers = [...(await Promise.all(appends)), ...more];
      expect(deleted?.status).toBe(204);
      expect([200, 201]).toContain(recreated?.status);
      for (const { status } of answers) expect([204, 404]).toContain(status);
      const read = await fetch(url);
      if (recreated?.status === 200) {
        expect(read.status).toBe(404);
        continue;
      }
      // What was taken after the re-creation, in the order in which it was taken; nothing of the stream before.
      const first = nextOffset(recreated);
      const taken = answers.flatMap((answer, i) =>
        answer.status === 204 && nextOffset(answer) > first ? [{ i, at: nextOffset(answer) }] : [],
      );
      const inOrder = taken.toSorted((a, b) => (a.at < b.at ? -1 : 1));
      expect(await read.text()).toBe(inOrder.map(({ i }) => `${i};`).join(""));
      const gone = await fetch(`${url}?offset=${old}`);
      expect([gone.status, await codeOf(gone)]).toEqual([410, "offset_gone"]);
    }
  });
});

describe.each(["journal", "d1"])("races with readers who wait, %s", (ackMode) => {
  const server = servePatiently(ackMode);

  it("a delete ends all who wait, at once", async () => {
    const url = freshUrl(server());
    await put(url, TEXT, "x");
    const polls = times(20, () => fetch(`${url}?offset=now&live=long-poll`));
    const events = await Promise.all(times(20, () => followFromStart(url)));
    await untilItWaits(url);
    const startMs = performance.now();
    expect((await remove(url)).status).toBe(204);
    for (const answer of await Promise.all(polls)) expect(answer.status).toBe(404);
    for (const { ended } of events) expect(dataOf(await ended)).toEqual(["x"]);
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS);
  });

  it("a re-creation gives nothing to those who waited at the stream before", async () => {
    const source = freshUrl(server());
    await put(source, TEXT, "0123456789");
    for (let round = 0; round < ROUNDS; round++) {
      const url = freshUrl(server());
      await put(url, TEXT, "01234");
      const poll = fetch(`${url}?offset=now&live=long-poll`);
      const events = await followFromStart(url);
      await untilItWaits(url);
      // A fork has its source's offsets: the old tail is one of them.
      const fork = { "Stream-Forked-From": new URL(source).pathname };
      const again = round % 2 === 0 ? put(url, TEXT, "new") : put(url, TEXT, undefined, fork);
      await Promise.all([remove(url), again, post(url, TEXT, "!")]);
      const answer = await poll;
      expect([404, 410]).toContain(answer.status);
      expect(dataOf(await events.ended)).toEqual(["01234"]);
    }
  });
});
