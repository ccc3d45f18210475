/** Live reads beyond what the official suite looks at (§5.7, §5.8). */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Server } from "../../scripts/server.ts";
import {
  controlOf,
  dataOf,
  follow,
  freshUrl,
  isClosed,
  nextOffset,
  pause,
  post,
  put,
  SERVERS,
  untilItWaits,
} from "./http.ts";
import { servePatiently } from "./patient.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const GONE_MS_MAX = 20_000;

describe.each(["journal", "d1"])("long-poll (§5.7), %s", (ackMode) => {
  const server = servePatiently(ackMode);

  it("gives a waiting reader the last message and the closure at once", async () => {
    const url = freshUrl(server());
    const at = nextOffset(await put(url, TEXT, "first "));
    const waiting = fetch(`${url}?offset=${at}&live=long-poll`);
    await untilItWaits(url);
    await post(url, TEXT, "last", { "Stream-Closed": "true" });
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("last");
    expect(answer.headers.get("Stream-Closed")).toBe("true");
    expect(answer.headers.get("Stream-Up-To-Date")).toBe("true");
  });

  it("tells a waiting reader of a close without data, and of a delete", async () => {
    const [closed, deleted] = [freshUrl(server()), freshUrl(server())];
    await put(closed, TEXT);
    await put(deleted, TEXT);
    const waits = [closed, deleted].map((url) => fetch(`${url}?offset=now&live=long-poll`));
    await Promise.all([closed, deleted].map(untilItWaits));
    await fetch(closed, { method: "POST", headers: { "Stream-Closed": "true" } });
    await fetch(deleted, { method: "DELETE" });
    const [first, second] = await Promise.all(waits);
    expect([first?.status, first?.headers.get("Stream-Closed")]).toEqual([204, "true"]);
    expect(second?.status).toBe(404);
  });

  it("waits at the tail that paginated reads reached, and goes on from there", async () => {
    const url = freshUrl(server());
    await put(url, TEXT);
    const appends = ["a", "b", "c", "d", "e"].map((c) => c.repeat(400_000));
    for (const body of appends) await post(url, TEXT, body);
    let read = "";
    let at = "-1";
    let pages = 0;
    for (let upToDate = false; !upToDate; pages++) {
      const page = await fetch(`${url}?offset=${at}&live=long-poll`);
      read += await page.text();
      at = nextOffset(page);
      upToDate = page.headers.has("Stream-Up-To-Date");
      expect(page.headers.has("Stream-Closed")).toBe(false);
    }
    expect(pages).toBeGreaterThan(1);
    const waiting = fetch(`${url}?offset=${at}&live=long-poll`);
    await untilItWaits(url);
    await post(url, TEXT, "!");
    read += await (await waiting).text();
    expect(read === `${appends.join("")}!`).toBe(true);
  });
});

describe.each(SERVERS)("server-sent events (§5.8), %s", (_, server) => {
  it("follow every data event with exactly one control event, under a burst of appends", async () => {
    const url = freshUrl(server);
    await put(url, JSON_TYPE);
    const following = follow(`${url}?offset=-1&live=sse`, isClosed);
    const numbers = Array.from({ length: 200 }, (__, n) => n);
    await Promise.all(numbers.map((n) => post(url, JSON_TYPE, String(n))));
    await fetch(url, { method: "POST", headers: { "Stream-Closed": "true" } });
    const events = await following;
    for (const [i, event] of events.entries()) {
      if (event.event === "data") expect(events[i + 1]?.event).toBe("control");
      if (event.event === "control" && i > 0 && i < events.length - 1) {
        expect(events[i - 1]?.event).toBe("data");
      }
    }
    const offsets = events
      .filter((e) => e.event === "control")
      .map((e) => controlOf(e).streamNextOffset);
    expect(offsets).toEqual(offsets.toSorted());
    const received = dataOf(events).flatMap((data) => JSON.parse(data) as number[]);
    expect(received.toSorted((a, b) => a - b)).toEqual(numbers);
    expect(await (await fetch(url)).json()).toEqual(received);
  });

  it.each([
    ["CRLF", 'a\r\n\r\nevent: control\r\ndata: {"streamClosed":true}\r\n\r\nb'],
    ["lone CR", 'a\r\revent: control\rdata: {"streamClosed":true}\r\rb'],
    ["LF", 'a\n\nevent: control\ndata: {"streamClosed":true}\n\nb'],
    ["data: at a line's start", "data: x\ndata:y\n: comment\nid: 7\nretry: 1"],
    ["spaces at a line's start", " a\n  b\n\n c"],
  ])("cannot be forged by %s in a payload", async (__, payload) => {
    const url = freshUrl(server);
    await put(url, TEXT, payload, { "Stream-Closed": "true" });
    const events = await follow(`${url}?offset=-1&live=sse`, isClosed);
    expect(events.map((e) => e.event)).toEqual(["data", "control"]);
    // A parser ends a line at CR, LF or both and joins them with LF: no other text can come out.
    expect(dataOf(events)).toEqual([payload.replaceAll(/\r\n|\r/g, "\n")]);
    expect(events.every((e) => e.id === undefined)).toBe(true);
  });

  it("cannot be forged by line breaks between the tokens of JSON", async () => {
    const url = freshUrl(server);
    const body = '{\r\n"a":\r1,\n\n"event: control":\n"data: x"}';
    await put(url, JSON_TYPE, body, { "Stream-Closed": "true" });
    const events = await follow(`${url}?offset=-1&live=sse`, isClosed);
    expect(events.map((e) => e.event)).toEqual(["data", "control"]);
    expect(JSON.parse(dataOf(events)[0] ?? "")).toEqual([{ a: 1, "event: control": "data: x" }]);
  });

  it("carry text whose characters are split between appends, resumable at every control event", async () => {
    const url = freshUrl(server);
    const text = "a€𝄞é.";
    await put(url, TEXT);
    const following = follow(`${url}?offset=-1&live=sse`, isClosed);
    for (const byte of new TextEncoder().encode(text)) {
      await post(url, TEXT, new Uint8Array([byte]));
      await pause(10);
    }
    await fetch(url, { method: "POST", headers: { "Stream-Closed": "true" } });
    const events = await following;
    expect(dataOf(events).join("")).toBe(text);
    let seen = "";
    for (const event of events) {
      if (event.event === "data") seen += event.data;
      else {
        const rest = await fetch(`${url}?offset=${controlOf(event).streamNextOffset}`);
        expect(seen + (await rest.text())).toBe(text);
      }
    }
  });

  it("carry bytes as base64", async () => {
    const url = freshUrl(server);
    const bytes = Buffer.from(Array.from({ length: 256 }, (__, i) => i));
    await put(url, "application/octet-stream", bytes, { "Stream-Closed": "true" });
    const answer = await fetch(`${url}?offset=-1&live=sse`);
    expect(answer.headers.get("stream-sse-data-encoding")).toBe("base64");
    await answer.body?.cancel();
    const events = await follow(`${url}?offset=-1&live=sse`, isClosed);
    expect(dataOf(events).map((data) => Buffer.from(data, "base64"))).toEqual([bytes]);
  });

  it("keep a stream with a sliding TTL alive while they last (§5.1)", async () => {
    const url = freshUrl(server);
    await put(url, TEXT, "a", { "Stream-TTL": "2" });
    const following = follow(`${url}?offset=-1&live=sse`, isClosed);
    await pause(3_500);
    expect((await post(url, TEXT, "b", { "Stream-Closed": "true" })).status).toBe(204);
    expect(dataOf(await following).join("")).toBe("ab");
    // A HEAD does not lengthen its life.
    const status = async () => (await fetch(url, { method: "HEAD" })).status;
    await expect.poll(status, { timeout: GONE_MS_MAX, interval: 250 }).toBe(404);
  });

  it("and long-polls of a fork are not woken by its source", async () => {
    const [source, fork] = [freshUrl(server), freshUrl(server)];
    await put(source, TEXT, "shared ");
    const headers = { "Stream-Forked-From": new URL(source).pathname };
    expect((await fetch(fork, { method: "PUT", headers })).status).toBe(201);
    const polling = fetch(`${fork}?offset=now&live=long-poll`);
    const following = follow(`${fork}?offset=-1&live=sse`, isClosed);
    await untilItWaits(fork);
    await post(source, TEXT, "source only");
    expect((await polling).status).toBe(204);
    await post(fork, TEXT, "fork", { "Stream-Closed": "true" });
    expect(dataOf(await following).join("")).toBe("shared fork");
  });
});

describe("a connection that has lasted its time (§5.8, §10.2)", () => {
  const DURATION_MS = 700;
  /** Far below the time that a connection has where nothing is set. */
  const LATE_MS_MAX = 10_000;
  let server: Server;
  let dataDirectory: string;

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), "headwater-sse-"));
    const variables = { SSE_DURATION_MS: String(DURATION_MS), SSE_HEARTBEAT_MS: "100" };
    server = await startServer({ dataDirectory, variables });
  });
  afterAll(async () => {
    await server.stop();
    await rm(dataDirectory, { recursive: true });
  });

  it("is ended by the server, and a reader that comes back misses and repeats nothing", async () => {
    const url = freshUrl(server.url);
    await put(url, JSON_TYPE);
    const numbers = Array.from({ length: 100 }, (__, n) => n);
    const writing = (async () => {
      for (const n of numbers) {
        await post(url, JSON_TYPE, String(n));
        await pause(20);
      }
      await fetch(url, { method: "POST", headers: { "Stream-Closed": "true" } });
    })();
    const received: number[] = [];
    let connections = 0;
    for (let at = "-1", closed = false; !closed; connections++) {
      const startMs = performance.now();
      const events = await follow(`${url}?offset=${at}&live=sse`, isClosed);
      expect(performance.now() - startMs).toBeLessThan(DURATION_MS + LATE_MS_MAX);
      received.push(...dataOf(events).flatMap((data) => JSON.parse(data) as number[]));
      at = controlOf(events.findLast((e) => e.event === "control")).streamNextOffset;
      closed = isClosed(events);
    }
    await writing;
    expect(connections).toBeGreaterThan(2);
    expect(received).toEqual(numbers);
  });
});
