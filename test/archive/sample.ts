/** A server full of streams of every kind, for exports to carry away. */

import { expect } from "vitest";
import { nextOffset, post, producer, put } from "../http/http.ts";

const JSON_TYPE = "application/json";
const TEXT = "text/plain; charset=utf-8";
const BINARY = "application/octet-stream";
const CLOSED = { "Stream-Closed": "true" };

/** Every path that the sample has in the end, percent-encoded. */
export const PATHS = [
  "backup/again",
  "backup/bytes",
  "backup/closed",
  "backup/closed-by-producer",
  "backup/empty",
  "backup/fork",
  "backup/fork-inside",
  "backup/%C3%BC%20ber/%E2%82%AC",
  "backup/orders",
  "backup/orphan",
  "backup/seq",
  "backup/text",
  "backup/trimmed",
  "backup/ttl",
  "backup/until",
  "backup/values",
] as const;

/** Bytes that no compression makes small and no text is, the same in every run. */
export function noise(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function fillServer(server: string): Promise<void> {
  const url = (path: string) => `${server}/v1/stream/backup/${path}`;
  await fillValues(url("values"));
  await fillBytes(url("bytes"));
  await put(url("text"), TEXT, new Uint8Array([0x61, 0xe2, 0x82]));
  await post(url("text"), TEXT, new Uint8Array([0xac, 0x62]));
  await post(url("text"), TEXT, "line\r\n\u0000 \ufeff😀");
  await put(url("empty"), "image/png");
  await put(url("closed"), JSON_TYPE, "[1,2]", CLOSED);
  await put(url("closed-by-producer"), TEXT);
  await post(url("closed-by-producer"), TEXT, "end", { ...producer(3, 0), ...CLOSED });
  await put(url("ttl"), JSON_TYPE, '["kept"]', { "Stream-TTL": "3600" });
  await put(url("until"), JSON_TYPE, '["kept"]', {
    "Stream-Expires-At": "2999-01-01T00:00:00+01:00",
  });
  await put(url("%C3%BC%20ber/%E2%82%AC"), "text/html", "<p>");
  await fillOrders(url("orders"));
  await put(url("trimmed"), BINARY, "0123456789", { "Stream-Retention-Messages": "100" });
  await post(url("trimmed"), BINARY, "abc");
  const inside = "0000000000000000_0000000000000004";
  expect((await fetch(`${url("trimmed")}?before=${inside}`, { method: "DELETE" })).ok).toBe(true);
  await put(url("seq"), TEXT);
  for (const seq of ["0010", "0020"]) await post(url("seq"), TEXT, seq, { "Stream-Seq": seq });
  await put(url("again"), TEXT, "an earlier life");
  await fetch(url("again"), { method: "DELETE" });
  await put(url("again"), TEXT, "this life");
  await fillForks(url);
}

/** Enough for some segments, in messages of every size. */
async function fillValues(url: string): Promise<void> {
  await put(url, JSON_TYPE);
  for (let i = 0; i < 60; i++) {
    const messages = Array.from({ length: 1 + (i % 7) }, (_, k) => ({
      i,
      k,
      text: "é".repeat((i * 97 + k * 13) % 3_000),
    }));
    await post(url, JSON_TYPE, JSON.stringify(messages));
  }
}

/** Appends above the size of a frame, and many that are small. */
async function fillBytes(url: string): Promise<void> {
  await put(url, BINARY, noise(1_300_000, 1));
  for (let i = 1; i < 20; i++) await post(url, BINARY, noise(i * i * 11, i));
}

async function fillOrders(url: string): Promise<void> {
  await put(url, JSON_TYPE);
  for (let seq = 0; seq < 5; seq++) {
    await post(url, JSON_TYPE, `{"order":${seq}}`, producer(2, seq));
    await post(url, JSON_TYPE, `{"other":${seq}}`, {
      ...producer(0, seq),
      "Producer-Id": "q \u00fc",
    });
  }
}

async function fillForks(url: (path: string) => string): Promise<void> {
  await put(url("source"), BINARY, "one-");
  const middle = nextOffset(await post(url("source"), BINARY, "two-"));
  await post(url("source"), BINARY, "three-");
  const from = { "Stream-Forked-From": "/v1/stream/backup/source", "Stream-Fork-Offset": middle };
  const fork = await put(url("fork"), BINARY, undefined, from);
  expect(fork.status).toBe(201);
  await post(url("fork"), BINARY, "mine");
  const inside = { ...from, "Stream-Fork-Sub-Offset": "3" };
  expect((await put(url("fork-inside"), BINARY, undefined, inside)).status).toBe(201);
  await post(url("fork-inside"), BINARY, "REE-");
  await post(url("fork-inside"), BINARY, "four");
  expect((await put(url("orphan"), BINARY, undefined, from)).status).toBe(201);
  await fetch(url("source"), { method: "DELETE" });
}
