/**
 * What one object holds in memory when clients do their worst: 128 MB is all that it may. Watched are the isolate,
 * after a garbage collection, so that what is counted is really held; and the process that it runs in.
 */

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Server } from "../../scripts/server.ts";
import { codeOf, nextOffset, post, put } from "./http.ts";
import { head, Raw } from "./raw.ts";

const BINARY = "application/octet-stream";
const MIB = 1_048_576;
/** The platform's limit. */
const HELD_BYTES_MAX = 128_000_000;
const SETTLE_MS = 3_000;
/** The whole process, with the databases and the garbage of all of them; without bounds it takes some gigabytes. */
const RESIDENT_BYTES_MAX = 1_000 * MIB;

let data: string;
let server: Server;
let isolate: Isolate;
/** The streams of the test that runs. */
const used: string[] = [];

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-memory-"));
  const inspectorPort = await freePort();
  // On a busy machine connections must not end before the test does.
  const variables = {
    SSE_DURATION_MS: "3600000",
    LONG_POLL_TIMEOUT_MS: "300000",
    FLUSH_INTERVAL_MS: "200",
  };
  server = await startServer({ dataDirectory: data, inspectorPort, variables });
  isolate = await Isolate.connect(inspectorPort);
});

afterAll(async () => {
  isolate.close();
  await server.stop();
  await rm(data, { recursive: true, force: true });
});

// One isolate runs the objects of all tests: what the last one has to flush is not to be held during the next.
afterEach(async () => {
  for (const url of used.splice(0))
    expect((await fetch(url, { method: "DELETE" })).status).toBe(204);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
});

function streamAt(name: string): string {
  const url = `${server.url}/v1/stream/${name}`;
  used.push(url);
  return url;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** The isolate of the Worker and its objects, through the runtime's inspector. */
class Isolate {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data: message }) => {
      const { id, result } = JSON.parse(String(message)) as { id?: number; result: unknown };
      if (id !== undefined) this.#waiting.get(id)?.(result);
    });
  }

  static async connect(port: number): Promise<Isolate> {
    const answer = await fetch(`http://127.0.0.1:${port}/json`);
    const targets = (await answer.json()) as { id: string; webSocketDebuggerUrl: string }[];
    const target = targets.find(({ id }) => id.endsWith("headwater"));
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
    await once(socket, "open");
    return new Isolate(socket);
  }

  /** Buffers that are garbage are given back a moment after a collection: what two in a row find is held. */
  async leastHeldBytes(): Promise<number> {
    return Math.min(await this.#heldBytes(), await this.#heldBytes());
  }

  /** What is held after a garbage collection, in bytes. */
  async #heldBytes(): Promise<number> {
    await this.#send("HeapProfiler.collectGarbage");
    const usage = (await this.#send("Runtime.getHeapUsage")) as {
      usedSize: number;
      backingStorageSize: number;
    };
    return usage.usedSize + usage.backingStorageSize;
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}

/** The workerd that this test started. */
function findProcess(): string {
  const found = readdirSync("/proc").find((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      return environment.includes(`HEADWATER_DATA=${data}`);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error("There is no workerd on this test's data.");
  return found;
}

function residentBytes(pid: string): number {
  return (
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024
  );
}

interface Peaks {
  readonly held: number;
  readonly resident: number;
  readonly samples: number;
}

/** Looks at the memory all the time while something happens. */
async function watch(run: () => Promise<void>): Promise<Peaks> {
  const pid = findProcess();
  const peaks = { held: 0, resident: 0, samples: 0 };
  const running = run();
  // An isolate that has nothing to do may leave the inspector's question until the next request.
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  const look = async () => {
    for (;;) {
      const held = await Promise.race([isolate.leastHeldBytes(), ended]);
      if (held === undefined) return;
      peaks.held = Math.max(peaks.held, held);
      peaks.resident = Math.max(peaks.resident, residentBytes(pid));
      peaks.samples += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await Promise.all([running, look()]);
  return peaks;
}

function expectBounded({ held, resident, samples }: Peaks): void {
  expect(samples).toBeGreaterThan(2);
  // More than nothing: what is watched is what is loaded.
  expect(held).toBeGreaterThan(2 * MIB);
  expect(held).toBeLessThan(HELD_BYTES_MAX);
  expect(resident).toBeLessThan(RESIDENT_BYTES_MAX);
}

function readNothing(url: string): Raw {
  const raw = new Raw(url);
  raw.socket.pause();
  void raw.send(head("GET", url));
  return raw;
}

/** Reads a stream to its end, as a client does who takes what it is given. */
async function readAll(url: string): Promise<{ bytes: Buffer; next: string }> {
  const parts: Uint8Array[] = [];
  for (let at = "-1"; ;) {
    const page = await fetch(`${url}?offset=${at}`);
    expect(page.status).toBe(200);
    const bytes = await page.bytes();
    expect(page.headers.get("Content-Length")).toBe(String(bytes.length));
    parts.push(bytes);
    at = nextOffset(page);
    if (page.headers.has("Stream-Up-To-Date")) return { bytes: Buffer.concat(parts), next: at };
  }
}

describe("the memory of one object", { timeout: 180_000 }, () => {
  it("is bounded while 16 clients send 16 MiB each at once", async () => {
    const url = streamAt("uploads");
    await put(url, BINARY);
    const body = new Uint8Array(16 * MIB).fill(7);
    const codes: unknown[] = [];
    const peaks = await watch(async () => {
      const uploads = Array.from({ length: 16 }, async () => {
        const answer = await post(url, BINARY, body);
        codes.push(answer.status === 204 ? 204 : await codeOf(answer));
      });
      await Promise.all(uploads);
    });
    expectBounded(peaks);
    // They wait for each other; on a slow machine the last ones may be sent away.
    const taken = codes.filter((code) => code === 204).length;
    expect(taken).toBeGreaterThanOrEqual(4);
    for (const code of codes)
      expect([204, "busy", "journal_full", "body_too_slow"]).toContain(code);
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    expect(Number(tail.split("_")[1])).toBe(taken * 16 * MIB);
  });

  it("is bounded while 16 clients hold back the end of 15 MiB each", async () => {
    const url = streamAt("held-back");
    await put(url, BINARY);
    const body = new Uint8Array(15 * MIB).fill(7);
    const raws = Array.from({ length: 16 }, () => new Raw(url));
    const peaks = await watch(async () => {
      for (const raw of raws) {
        void raw.send(head("POST", url, "Transfer-Encoding: chunked"));
        void raw.send(`${body.length.toString(16)}\r\n`);
        void raw.send(body);
      }
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      for (const raw of raws) void raw.send("\r\n0\r\n\r\n");
      await Promise.all(raws.map((raw) => raw.until("\r\n\r\n", 60_000)));
    });
    await Promise.all(raws.map((raw) => raw.hangUp()));
    expectBounded(peaks);
    const taken = raws.filter(({ answer }) => answer.startsWith("HTTP/1.1 204")).length;
    expect(taken).toBeGreaterThanOrEqual(2);
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    expect(Number(tail.split("_")[1])).toBe(taken * body.length);
  });

  it.each([
    ["events", "?offset=-1&live=sse"],
    ["pages", "?offset=-1"],
    ["long-polls", "?offset=-1&live=long-poll"],
  ])("is bounded while 150 clients ask for old %s and read nothing", async (name, query) => {
    const url = streamAt(`unread-${name}`);
    await put(url, BINARY);
    const parts = Array.from({ length: 12 }, (_, i) => new Uint8Array(MIB).fill(i));
    for (const part of parts) await post(url, BINARY, part);
    const raws: Raw[] = [];
    const peaks = await watch(async () => {
      for (let i = 0; i < 150; i++) raws.push(readNothing(`${url}${query}`));
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      // Somebody who reads is served in the middle of them: old data, and new.
      const read = await readAll(url);
      expect(Buffer.compare(read.bytes, Buffer.concat(parts))).toBe(0);
      expect((await post(url, BINARY, "new")).status).toBe(204);
      expect(await (await fetch(`${url}?offset=${read.next}`)).text()).toBe("new");
    });
    await Promise.all(raws.map((raw) => raw.hangUp()));
    expectBounded(peaks);
  });

  it("is bounded while 2,000 connections follow the stream, and all hear of an append", async () => {
    const url = streamAt("followed");
    await put(url, BINARY);
    const raws = Array.from({ length: 2_000 }, () => new Raw(url));
    const peaks = await watch(async () => {
      const open = raws.map(async (raw) => {
        await raw.send(head("GET", `${url}?offset=now&live=sse`));
        return raw.until("upToDate", 60_000);
      });
      const opened = await Promise.all(open);
      expect(opened.filter((text) => text.includes("upToDate"))).toHaveLength(2_000);
      const news = "data:bmV3cw==";
      expect((await post(url, BINARY, "news")).status).toBe(204);
      const heard = await Promise.all(raws.map((raw) => raw.until(news, 60_000)));
      expect(heard.filter((text) => text.includes(news))).toHaveLength(2_000);
      expect(await (await fetch(url)).text()).toBe("news");
    });
    await Promise.all(raws.map((raw) => raw.hangUp()));
    expectBounded(peaks);
  });
});
