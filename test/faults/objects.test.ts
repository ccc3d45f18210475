/** Objects that end between any two requests, alarms that are lost or come twice, and requests that race. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { eventually, readMessages } from "./reading.ts";
import { close, post, producer, put, remove } from "./requests.ts";
import { Story } from "./story.ts";
import { tidy } from "./tidy.ts";

const LATER_MS = 70_000;
const RACERS = 6;
/** Long for a server, and much less than the time that a long-poll or a connection has. */
const PROMPT_MS = 10_000;

let server: FaultServer;
let count = 0;
let path: string;
let url: string;

beforeAll(async () => {
  server = await FaultServer.start({ FLUSH_INTERVAL_MS: "5000", LONG_POLL_TIMEOUT_MS: "60000" });
});

beforeEach(async () => {
  await server.rules();
  count += 1;
  path = `objects/${count}`;
  url = server.url(path);
});

afterAll(() => server.process.remove());

const blocks = () => server.d1(`SELECT value FROM messages WHERE path = '${path}' ORDER BY offset`);

describe("an object that ends", () => {
  it("between any two requests changes nothing for their senders", async () => {
    const story: Story = new Story(
      {
        url: (target) => server.url(target),
        // Asked before every request.
        whenUp: async () => {
          for (const target of story.paths) await server.end(target);
        },
      },
      `${path}/story`,
    );
    expect(await story.tell()).toEqual([]);
    expect(await tidy(server, story.paths)).toEqual([]);
  });

  it("keeps the state of producers, the closure and the writers' sequence", async () => {
    await put(url);
    await post(url, "[1]", { ...producer(0), "Stream-Seq": "a" });
    await server.end(path);
    expect((await post(url, "[1]", producer(0))).status).toBe(204);
    await server.end(path);
    expect((await post(url, "[2]", { "Stream-Seq": "a" })).status).toBe(409);
    expect((await close(url)).status).toBe(204);
    await server.end(path);
    expect((await post(url, "[2]")).status).toBe(409);
    expect(await readMessages(url)).toEqual({ status: 200, messages: [1] });
  });
});

describe("an alarm", () => {
  it("that is lost is set again by the next request, a read too", async () => {
    await server.rules({ point: "set-alarm", moment: "before", action: "drop", path, times: 1 });
    await put(url, "[1]");
    await server.rules();
    expect(await server.alarm(path)).toBeNull();
    await server.advance(LATER_MS);
    expect((await fetch(url)).status).toBe(200);
    await eventually(async () => (await blocks()).length === 1);
  });

  it("that is lost together with the object is set again by the next request", async () => {
    await server.rules({ point: "set-alarm", moment: "before", action: "drop", path, times: 1 });
    await put(url, "[1]");
    await server.rules();
    await server.end(path);
    expect((await fetch(url)).status).toBe(200);
    await server.advance(LATER_MS);
    await eventually(async () => (await blocks()).length === 1);
  });

  it("flushes at once what an earlier object left, however often objects end", async () => {
    await put(url, "[1]");
    await server.end(path);
    await server.fire(path);
    expect((await blocks()).map((row) => row["value"])).toEqual(["1"]);
  });

  it("that comes several times at once does its work once", async () => {
    await put(url, "[1]");
    await post(url, "[2]");
    await server.advance(LATER_MS);
    await server.fire(path, 4);
    expect((await blocks()).map((row) => row["value"])).toEqual(["1", "2"]);
    await remove(url);
    await server.fire(path, 4);
    expect(await server.tasks(path)).toEqual([]);
    expect(await blocks()).toEqual([]);
  });

  it("that comes for nothing changes nothing", async () => {
    await server.fire(path);
    expect((await fetch(url)).status).toBe(404);
    await put(url, "[1]");
    await server.fire(path);
    expect(await readMessages(url)).toEqual({ status: 200, messages: [1] });
  });
});

const statuses = async (requests: readonly Promise<Response>[]) =>
  (await Promise.all(requests)).map((answer) => answer.status).toSorted((a, b) => a - b);

const race = (send: (n: number) => Promise<Response>) =>
  statuses(Array.from({ length: RACERS }, (_, n) => send(n)));

describe("requests that race", () => {
  it("to create one stream create it once", async () => {
    expect(await race(() => put(url, "[1]"))).toEqual([200, 200, 200, 200, 200, 201]);
    expect(await readMessages(url)).toEqual({ status: 200, messages: [1] });
  });

  it("to create different streams at one path create one of them", async () => {
    const types = ["text/plain", "application/json"];
    const found = await race((n) => put(url, undefined, { "Content-Type": types[n % 2] ?? "" }));
    expect(found).toEqual([200, 200, 201, 409, 409, 409]);
  });

  it("to append with the close are in the stream or refused", async () => {
    await put(url);
    const appends = Array.from({ length: 20 }, (_, n) => post(url, `[${n}]`));
    const closes = [close(url), close(url)];
    const later = Array.from({ length: 20 }, (_, n) => post(url, `[${20 + n}]`));
    expect(await statuses(closes)).toEqual([204, 204]);
    const answers = await Promise.all([...appends, ...later]);
    const accepted = answers.flatMap(({ status }, n) => (status === 204 ? [n] : []));
    expect(answers.filter(({ status }) => status !== 204 && status !== 409)).toEqual([]);
    const { messages } = await readMessages(url);
    expect(messages.toSorted((a, b) => Number(a) - Number(b))).toEqual(accepted);
  });

  it("to delete and create again never mix two streams", async () => {
    for (let round = 0; round < 20; round++) {
      await put(url, `["${round}"]`);
      const [removed, created] = await Promise.all([remove(url), put(url, `["${round}"]`)]);
      expect([204, 200, 201]).toContain(created.status);
      expect(removed.status).toBe(204);
      const { status, messages } = await readMessages(url);
      // Either the creation came first and was the same, or it made a new stream.
      if (created.status === 201) expect(messages).toEqual([`${round}`]);
      else expect(status).toBe(404);
      await remove(url);
    }
    await server.advance(LATER_MS);
    await server.fire(path);
    expect(await blocks()).toEqual([]);
  });

  it("to delete a stream end those who wait for it, at once", async () => {
    await put(url, "[1]");
    const offset = (await fetch(url)).headers.get("Stream-Next-Offset");
    const poll = fetch(`${url}?offset=${offset}&live=long-poll`);
    const sse = await fetch(`${url}?offset=-1&live=sse`);
    const ended = sse.text();
    await eventually(async () => {
      const { crossed } = await server.status();
      return crossed.filter((step) => step === "before request GET").length === 3;
    });
    const start = performance.now();
    expect((await remove(url)).status).toBe(204);
    expect((await poll).status).toBe(404);
    expect(await ended).not.toContain("streamClosed");
    expect(performance.now() - start).toBeLessThan(PROMPT_MS);
  });
});
