/** Bodies that do not arrive as announced, and bodies that are too large. */

import { describe, expect, it } from "vitest";
import { freshUrl, nextOffset, pause, post, put, SERVERS } from "./http.ts";
import { head, Raw } from "./raw.ts";

const BINARY = "application/octet-stream";
const MIB = 1_048_576;
const ANSWER_MS_MAX = 20_000;

/** Sends raw text to the server of a URL, and hangs up before there is an answer. */
async function sendInPart(url: string, text: string): Promise<void> {
  const raw = new Raw(url);
  await raw.send(text);
  // So that the server has begun with it.
  await pause(200);
  await raw.hangUp();
  await pause(100);
  expect(raw.answer).toBe("");
}

/** Sends raw text to the server of a URL, and hangs up when it is answered. */
async function sendRaw(url: string, text: string): Promise<void> {
  const raw = new Raw(url);
  await raw.send(text);
  expect(await raw.until("\r\n\r\n", ANSWER_MS_MAX)).toMatch(/^HTTP\/1.1 204 /);
  await raw.hangUp();
}

describe.each(SERVERS)("uploads, %s", (_, server) => {
  it.each([
    ["a body shorter than Content-Length", "Content-Length: 10", "12345"],
    ["a chunked body without its end", "Transfer-Encoding: chunked", "5\r\n12345\r\n"],
    ["a chunk that is cut off", "Transfer-Encoding: chunked", "5\r\n123"],
  ])("%s leaves nothing", async (__, header, body) => {
    const url = freshUrl(server);
    await put(url, BINARY, "before");
    await sendInPart(url, head("POST", url, header) + body);
    expect(await (await fetch(url)).text()).toBe("before");
    expect((await post(url, BINARY, "+")).status).toBe(204);
    expect(await (await fetch(url)).text()).toBe("before+");
  });

  it("a body longer than Content-Length is no more than was announced", async () => {
    const url = freshUrl(server);
    await put(url, BINARY);
    await sendRaw(url, `${head("POST", url, "Content-Length: 3")}12345`);
    expect(await (await fetch(url)).text()).toBe("123");
  });

  it("a chunked body is one append", async () => {
    const url = freshUrl(server);
    await put(url, BINARY);
    await sendRaw(
      url,
      `${head("POST", url, "Transfer-Encoding: chunked")}2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n`,
    );
    const answer = await fetch(url);
    expect(await answer.text()).toBe("abcde");
    expect(nextOffset(answer)).toBe("0000000000000001_0000000000000005");
  });

  it("16 MiB are taken, a byte more is refused, announced or not", async () => {
    const url = freshUrl(server);
    await put(url, BINARY);
    const largest = new Uint8Array(16 * MIB).fill(7);
    expect((await post(url, BINARY, largest)).status).toBe(204);
    const above = new Uint8Array(16 * MIB + 1);
    const announced = await post(url, BINARY, above);
    expect(announced.status).toBe(413);
    expect(await announced.json()).toMatchObject({ error: { code: "body_too_large" } });
    const streamed: RequestInit & { duplex: "half" } = {
      method: "POST",
      headers: { "Content-Type": BINARY },
      body: new Blob([above]).stream(),
      duplex: "half",
    };
    const chunked = await fetch(url, streamed);
    expect(chunked.status).toBe(413);
    const tail = nextOffset(await fetch(url, { method: "HEAD" }));
    expect(tail.endsWith(String(16 * MIB))).toBe(true);
  });

  it("a JSON message above 1 MiB is refused with its whole batch", async () => {
    const url = freshUrl(server);
    await put(url, "application/json");
    const answer = await post(url, "application/json", `[1,"${"x".repeat(MIB)}"]`);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { code: "message_too_large" } });
    expect(await (await fetch(url)).text()).toBe("[]");
  });
});

describe.each(SERVERS)("pages (§5.6), %s", (_, server) => {
  it("hold at most 1 MiB, and only the last says up to date and closed", async () => {
    const url = freshUrl(server);
    await put(url, BINARY);
    for (let i = 0; i < 3; i++) await post(url, BINARY, new Uint8Array(700_000).fill(i));
    await fetch(url, { method: "POST", headers: { "Stream-Closed": "true" } });
    const sizes: number[] = [];
    for (let at = "-1", last = false; !last;) {
      const page = await fetch(`${url}?offset=${at}`);
      const { byteLength } = await page.arrayBuffer();
      sizes.push(byteLength);
      at = nextOffset(page);
      last = page.headers.has("Stream-Up-To-Date");
      expect(page.headers.has("Stream-Closed")).toBe(last);
    }
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MIB);
    expect(sizes.reduce((a, b) => a + b)).toBe(2_100_000);
  });
});
