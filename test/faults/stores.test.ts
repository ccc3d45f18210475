/** Stores that fail, one at a time, under the server as its users run it: D1, R2 and the object's own database. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { codeOf, eventually, followUntilLoss, readMessages } from "./reading.ts";
import { close, post, producer, put, remove } from "./requests.ts";

const FILL = "x".repeat(600);
const APPENDS = 12;
/** Past the pauses between two tries of the same work. */
const LATER_MS = 70_000;

const VARIABLES = { FLUSH_BYTES: "1024", FLUSH_INTERVAL_MS: "200", SEGMENT_BYTES: "2048" };

let server: FaultServer;
let count = 0;
let path: string;
let url: string;

beforeAll(async () => {
  server = await FaultServer.start(VARIABLES);
});

beforeEach(async () => {
  count += 1;
  path = `stores/${count}`;
  url = server.url(path);
  await server.rules();
  expect((await put(url)).status).toBe(201);
});

afterAll(() => server.process.remove());

const text = (n: number) => `${n} ${FILL}`;
const texts = (until: number) => Array.from({ length: until }, (_, n) => text(n));

async function appendAll(until: number, from = 0): Promise<void> {
  for (let n = from; n < until; n++) {
    expect((await post(url, JSON.stringify([text(n)]), producer(n))).status).toBe(200);
  }
}

/** Rows of this stream alone: those of earlier tests may still be on their way. */
async function rows(table: "blocks" | "segments"): Promise<number> {
  const [row] = await server.d1(
    `SELECT count(*) AS n FROM ${table} WHERE stream_id =
       (SELECT stream_id FROM streams WHERE path = '${path}')`,
  );
  return Number(row?.["n"]);
}

async function journalRows(): Promise<number> {
  const select = (table: string) => `SELECT count(*) AS n FROM ${table}`;
  const tables = await Promise.all(
    ["journal_a", "journal_b"].map((table) => server.object(path, select(table))),
  );
  return tables.reduce((sum, [row]) => sum + Number(row?.["n"]), 0);
}

/** Everything has left the journal, and a new object reads the same from D1 and R2. */
async function expectArrived(until: number): Promise<void> {
  await eventually(async () => {
    await server.advance(LATER_MS);
    await server.fire(path);
    return (await journalRows()) === 0;
  });
  await server.end(path);
  expect(await readMessages(url)).toEqual({ status: 200, messages: texts(until) });
}

describe("D1 fails", () => {
  it("appends and reads go on while D1 is away, and everything arrives later", async () => {
    await server.rules(
      { point: "d1.batch", moment: "before", action: "fail" },
      { point: "d1.query", moment: "before", action: "fail" },
    );
    await appendAll(APPENDS);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(APPENDS) });
    await eventually(async () => (await server.status()).hit.length > 0);
    // A new object has nothing but the journal.
    await server.end(path);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(APPENDS) });
    expect(await rows("blocks")).toBe(0);
    await server.rules();
    await expectArrived(APPENDS);
    expect((await rows("blocks")) + (await rows("segments"))).toBeGreaterThan(0);
  });

  it("appends and reads do not wait for a D1 that takes its time", async () => {
    await server.rules({ point: "d1.batch", moment: "before", action: "hold", path });
    await appendAll(APPENDS);
    await eventually(async () => (await server.status()).held > 0);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(APPENDS) });
    // Nothing has got through meanwhile.
    expect((await rows("blocks")) + (await rows("segments"))).toBe(0);
    await server.rules();
    await eventually(async () => (await rows("blocks")) + (await rows("segments")) > 0);
    await expectArrived(APPENDS);
  });

  it("a statement that fails inside a batch leaves nothing of it, and it is sent again", async () => {
    await server.rules({ point: "d1.batch", moment: "before", action: "break" });
    await appendAll(APPENDS);
    await eventually(async () => (await server.status()).hit.length > 1);
    expect((await rows("blocks")) + (await rows("segments"))).toBe(0);
    await server.rules();
    await expectArrived(APPENDS);
  });

  it("a batch whose answer is lost is sent again, and nothing is there twice", async () => {
    await server.rules({ point: "d1.batch", moment: "after", action: "fail", times: 4 });
    await appendAll(APPENDS);
    await eventually(async () => (await server.status()).hit.length > 0);
    await server.rules();
    await expectArrived(APPENDS);
  });

  it("a cold read answers 503 unavailable, and the same bytes as soon as D1 is back", async () => {
    await appendAll(2);
    await expectArrived(2);
    await server.end(path);
    await server.rules({ point: "d1.query", moment: "before", action: "fail" });
    const answer = await fetch(url);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe("1");
    expect(await codeOf(answer)).toBe("unavailable");
    await server.rules();
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(2) });
  });

  it("a fork waits for D1 and is refused without a trace when it does not come", async () => {
    await appendAll(1);
    await server.rules({ point: "d1.batch", moment: "before", action: "fail" });
    const fork = `${path}-fork`;
    const answer = await put(server.url(fork), undefined, { "Stream-Forked-From": pathOf(url) });
    expect([answer.status, await codeOf(answer)]).toEqual([503, "unavailable"]);
    expect((await fetch(server.url(fork))).status).toBe(404);
    await server.rules();
    const again = await put(server.url(fork), undefined, { "Stream-Forked-From": pathOf(url) });
    expect(again.status).toBe(201);
    expect((await readMessages(server.url(fork))).messages).toEqual(texts(1));
  });
});

function pathOf(target: string): string {
  return new URL(target).pathname;
}

describe("R2 fails", () => {
  it("a put that fails is repeated, and until then D1 keeps the blocks", async () => {
    await server.rules({ point: "r2.put", moment: "before", action: "fail" });
    await appendAll(APPENDS);
    await eventually(async () => (await server.status()).hit.length > 0);
    expect(await rows("segments")).toBe(0);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(APPENDS) });
    await server.rules();
    await expectArrived(APPENDS);
    await eventually(async () => {
      await server.fire(path);
      return (await rows("segments")) > 0;
    });
    expect((await readMessages(url)).messages).toEqual(texts(APPENDS));
  });

  it("a put whose answer is lost is repeated, and the stream reads the same", async () => {
    await server.rules({ point: "r2.put", moment: "after", action: "fail", times: 1 });
    await appendAll(APPENDS);
    await eventually(async () => (await server.status()).hit.length > 0);
    await server.rules();
    await expectArrived(APPENDS);
    await eventually(async () => {
      await server.fire(path);
      return (await rows("segments")) > 0;
    });
  });

  it("a get that fails answers 503 unavailable, and the same bytes once R2 is back", async () => {
    await appendAll(APPENDS);
    await expectArrived(APPENDS);
    await eventually(async () => (await rows("segments")) > 0);
    await server.end(path);
    await server.rules({ point: "r2.get", moment: "before", action: "fail" });
    const answer = await fetch(url);
    expect([answer.status, await codeOf(answer)]).toEqual([503, "unavailable"]);
    const live = await fetch(`${url}?offset=-1&live=sse`);
    expect([live.status, await codeOf(live)]).toEqual([503, "unavailable"]);
    await server.rules();
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(APPENDS) });
  });

  it("a get that fails under an SSE reader ends its connection, and it goes on without a gap", async () => {
    const half = APPENDS / 2;
    await appendAll(half);
    await expectArrived(half);
    await eventually(async () => (await rows("segments")) > 0);
    await appendAll(APPENDS, half);
    await expectArrived(APPENDS);
    await eventually(async () => (await rows("segments")) > 1);
    await server.end(path);
    await server.rules({ point: "r2.get", moment: "before", action: "fail", skip: 1 });
    const { messages, next } = await followUntilLoss(`${url}?offset=-1&live=sse`);
    expect(messages.length).toBeGreaterThan(0);
    expect(messages.length).toBeLessThan(APPENDS);
    await server.rules();
    const rest = await readMessages(url, next);
    expect([...messages, ...rest.messages]).toEqual(texts(APPENDS));
  });

  it("a delete that fails is repeated until nothing of the stream is left", async () => {
    await appendAll(APPENDS);
    await expectArrived(APPENDS);
    await eventually(async () => (await rows("segments")) > 0);
    const [row] = await server.d1(`SELECT stream_id FROM streams WHERE path = '${path}'`);
    const prefix = `segments/${String(row?.["stream_id"])}/`;
    const objects = async () => (await server.keys()).filter((key) => key.startsWith(prefix));
    await server.rules({ point: "r2.delete", moment: "before", action: "fail" });
    expect((await remove(url)).status).toBe(204);
    await eventually(async () => (await server.status()).hit.length > 0);
    expect((await fetch(url)).status).toBe(404);
    expect((await objects()).length).toBeGreaterThan(0);
    await server.rules();
    await eventually(async () => {
      await server.advance(LATER_MS);
      await server.fire(path);
      return (await objects()).length === 0 && (await server.tasks(path)).length === 0;
    });
  });
});

describe("the object's own database fails", () => {
  it("an append that it does not take answers 503 unavailable, and has left nothing", async () => {
    await appendAll(1);
    await server.rules({ point: "journal", moment: "before", action: "fail" });
    const answer = await post(url, JSON.stringify([text(1)]), producer(1));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe("1");
    expect(await codeOf(answer)).toBe("unavailable");
    expect((await close(url)).status).toBe(503);
    expect((await remove(url)).status).toBe(503);
    expect((await put(server.url(`${path}-new`))).status).toBe(503);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(1) });
    await server.rules();
    expect((await post(url, JSON.stringify([text(1)]), producer(1))).status).toBe(200);
    expect((await put(server.url(`${path}-new`))).status).toBe(201);
    await expectArrived(2);
  });

  it("a commit that fails after the append leaves a new object without it", async () => {
    await appendAll(1);
    // The commit is to be the append's: a flush commits as well, when it likes.
    await expectArrived(1);
    await server.rules({ point: "journal", moment: "after", action: "abort", path, times: 1 });
    const answer = await post(url, JSON.stringify([text(1)]), producer(1));
    expect([answer.status, await codeOf(answer)]).toEqual([503, "outcome_unknown"]);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(1) });
    expect((await post(url, JSON.stringify([text(1)]), producer(1))).status).toBe(200);
    expect(await readMessages(url)).toEqual({ status: 200, messages: texts(2) });
  });
});
