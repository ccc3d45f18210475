/**
 * Clients that misbehave: whatever they do, nothing of it is in the stream, and the next client is answered at once.
 * Requests that arrive whole but cannot be understood are refused by the runtime itself.
 */

import { describe, expect, it } from "vitest";
import { codeOf, freshUrl, nextOffset, pause, post, put, SERVERS } from "./http.ts";
import { head, Raw } from "./raw.ts";

const BINARY = "application/octet-stream";
const MIB = 1_048_576;
const PROMPT_MS = 5_000;

async function create(server: string): Promise<string> {
  const url = freshUrl(server);
  await put(url, BINARY, "before");
  return url;
}

/** The stream is as it was, and an append and a read are answered promptly. */
async function expectUnharmed(url: string, content = "before"): Promise<void> {
  const startMs = performance.now();
  expect(await (await fetch(url)).text()).toBe(content);
  expect((await post(url, BINARY, "+")).status).toBe(204);
  expect(await (await fetch(url)).text()).toBe(`${content}+`);
  expect(performance.now() - startMs).toBeLessThan(PROMPT_MS);
}

describe.each(SERVERS)("a client that misbehaves, %s", (_, server) => {
  it.each([
    ["in the middle of a small body", "Content-Length: 1000", 500],
    ["in the middle of a large body", `Content-Length: ${4 * MIB}`, 3 * MIB],
    ["before any byte of its body", `Content-Length: ${16 * MIB}`, 0],
    ["in the middle of a body that is too large", `Content-Length: ${20 * MIB}`, MIB],
  ])("goes away %s", async (__, length, bytes) => {
    const url = await create(server);
    // Several, so that what one left behind would be missed by those after it.
    for (let i = 0; i < 6; i++) {
      const raw = new Raw(url);
      await raw.send(head("POST", url, length));
      if (bytes > 0) await raw.send(new Uint8Array(bytes));
      await raw.hangUp();
    }
    await expectUnharmed(url);
    expect((await post(url, BINARY, new Uint8Array(16 * MIB))).status).toBe(204);
  });

  it.each([
    ["a negative length", ["Content-Length: -5"], "x"],
    ["a length that is no number", ["Content-Length: five"], "x"],
    ["a length that no number holds", ["Content-Length: 99999999999999999999999999"], "x"],
    ["two lengths", ["Content-Length: 1", "Content-Length: 2"], "xx"],
    ["a chunk whose size is no number", ["Transfer-Encoding: chunked"], "zz\r\nxx\r\n0\r\n\r\n"],
    ["a NUL in a header", ["X-A: a\0b", "Content-Length: 1"], "x"],
    ["a header of 1 MiB", [`X-A: ${"a".repeat(MIB)}`, "Content-Length: 1"], "x"],
  ])("sends %s", async (__, headers, body) => {
    const url = await create(server);
    const raw = new Raw(url);
    await raw.send(head("POST", url, ...headers) + body);
    expect(await raw.until("\r\n\r\n", PROMPT_MS)).toMatch(/^HTTP\/1.1 4(00|31) /);
    await raw.hangUp();
    await expectUnharmed(url);
  });

  it.each([
    ["a chunk of 2^64 - 1 bytes", "Transfer-Encoding: chunked", "ffffffffffffffff\r\nxx"],
    ["a body of a petabyte", "Content-Length: 999999999999999", "xx"],
  ])("announces %s", async (__, header, body) => {
    const url = await create(server);
    const raw = new Raw(url);
    await raw.send(head("POST", url, header) + body);
    await expectUnharmed(url);
    await raw.hangUp();
    await expectUnharmed(url, "before+");
  });

  it.each(["hello\r\n\r\n", "\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03", "GET / HT"])(
    "speaks no HTTP: %j",
    async (text) => {
      const url = await create(server);
      const raw = new Raw(url);
      await raw.send(text);
      await expectUnharmed(url);
      await raw.hangUp();
    },
  );

  it("sends 10,000 headers, of which the server uses its own", async () => {
    const url = await create(server);
    const headers = Array.from({ length: 10_000 }, (__, i) => `X-H${i}: ${i}`);
    const raw = new Raw(url);
    await raw.send(`${head("POST", url, ...headers, "Content-Length: 1")}!`);
    expect(await raw.until("\r\n\r\n", PROMPT_MS)).toMatch(/^HTTP\/1.1 204 /);
    await raw.hangUp();
    await expectUnharmed(url, "before!");
  });

  it.each([
    ["a path of 60 KiB", 60_000, /^HTTP\/1.1 400 [^]*"invalid_path"/, "}}"],
    ["a path of 1 MiB", MIB, /^HTTP\/1.1 431 /, "\r\n\r\n"],
  ])("asks for %s", async (__, length, answer, end) => {
    const url = await create(server);
    const raw = new Raw(url);
    await raw.send(head("GET", `${url}${"a".repeat(length)}`));
    expect(await raw.until(end, PROMPT_MS)).toMatch(answer);
    await raw.hangUp();
    await expectUnharmed(url);
  });

  it("asks for an offset of 60 KiB", async () => {
    const url = await create(server);
    const answer = await fetch(`${url}?offset=${"0".repeat(60_000)}`);
    expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_offset"]);
    await expectUnharmed(url);
  });

  it("sends two requests at once: both are answered, in order", async () => {
    const url = await create(server);
    const raw = new Raw(url);
    const one = head("POST", url, "Content-Length: 1");
    await raw.send(`${one}1${one}2`);
    const isBoth = () => raw.answer.split("HTTP/1.1 204").length === 3;
    const endMs = performance.now() + PROMPT_MS;
    while (!isBoth() && performance.now() < endMs) await pause(10);
    expect(isBoth()).toBe(true);
    await raw.hangUp();
    await expectUnharmed(url, "before12");
  });

  it("never reads what it asked for", async () => {
    const url = await create(server);
    for (let i = 0; i < 4; i++) await post(url, BINARY, new Uint8Array(MIB));
    const raws = ["?offset=-1", "?offset=-1&live=sse", "?offset=-1&live=long-poll"].flatMap(
      (query) => Array.from({ length: 5 }, () => readNothing(`${url}${query}`)),
    );
    await pause(300);
    const startMs = performance.now();
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    expect(tail.endsWith(String(4 * MIB + 6))).toBe(true);
    expect((await post(url, BINARY, "+")).status).toBe(204);
    expect(await (await fetch(`${url}?offset=${tail}`)).text()).toBe("+");
    expect(performance.now() - startMs).toBeLessThan(PROMPT_MS);
    await Promise.all(raws.map((raw) => raw.hangUp()));
  });
});

function readNothing(url: string): Raw {
  const raw = new Raw(url);
  raw.socket.pause();
  void raw.send(head("GET", url));
  return raw;
}

describe.concurrent.each(SERVERS)("slow uploads, %s", (_, server) => {
  it("are given up after a time, whatever was announced", { timeout: 90_000 }, async () => {
    const url = await create(server);
    const raws = ["Content-Length: 100", "Transfer-Encoding: chunked"].map((header) => {
      const raw = new Raw(url);
      void raw.send(head("POST", url, header));
      return raw;
    });
    const timer = setInterval(() => {
      const [plain, chunked] = raws;
      void plain?.send("x");
      void chunked?.send("1\r\nx\r\n");
    }, 1_000);
    await expectUnharmed(url);
    const answers = await Promise.all(raws.map((raw) => raw.until("}}", 60_000)));
    clearInterval(timer);
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1.1 408 /);
      expect(answer).toContain(`"code":"body_too_slow"`);
    }
    await Promise.all(raws.map((raw) => raw.hangUp()));
    await expectUnharmed(url, "before+");
  });

  it("make place for one that waits", { timeout: 60_000 }, async () => {
    const url = await create(server);
    const slow = ["Content-Length: 16777216", "Transfer-Encoding: chunked"].map((header) => {
      const raw = new Raw(url);
      void raw.send(head("POST", url, header));
      // More than is not counted, so that the one of unknown length takes room as well.
      const start = "x".repeat(20_000);
      void raw.send(header.startsWith("C") ? start : `4e20\r\n${start}\r\n`);
      return raw;
    });
    await pause(300);
    // Small appends go on meanwhile.
    await expectUnharmed(url);
    const startMs = performance.now();
    const waiting = await post(url, BINARY, new Uint8Array(MIB));
    expect(waiting.status).toBe(204);
    // The others were given their time, and no more.
    expect(performance.now() - startMs).toBeGreaterThan(5_000);
    expect(performance.now() - startMs).toBeLessThan(25_000);
    const answers = await Promise.all(slow.map((raw) => raw.until("}}", 2_000)));
    expect(answers.filter((a) => /^HTTP\/1.1 408 /.test(a))).toHaveLength(1);
    await Promise.all(slow.map((raw) => raw.hangUp()));
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    expect(tail.endsWith(String(MIB + 7))).toBe(true);
  });
});
