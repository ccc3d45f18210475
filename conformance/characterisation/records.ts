/** Records that name themselves: no two are equal, and each kind of stream gets bytes that are hard on it. */

import type { Random } from "./random.ts";

export const TYPES = ["application/json", "text/plain", "application/octet-stream"] as const;

export type StreamType = (typeof TYPES)[number];

const NEWLINE = 0x0a;

/** Mostly small; now and then so large that a server has to cut it. */
export function drawSize(random: Random, large: boolean): number {
  const draw = random.next();
  if (!large || draw < 0.75) return random.integer(0, 60);
  if (draw < 0.92) return random.integer(60, 4_000);
  return draw < 0.97 ? random.integer(4_000, 30_000) : random.integer(30_000, 150_000);
}

export function makeRecord(type: StreamType, name: string, size: number): string {
  if (type === "application/json") {
    return `${JSON.stringify({ name, fill: fill(size, (i) => 0x61 + (i % 26)), sign: "é𝄞\n" })}\n`;
  }
  if (type === "text/plain") return `${name} ${fill(size, (i) => 0x20 + (i % 95))}\n`;
  // Every byte but the one that ends a record.
  return `${name} ${fill(size, (i) => (i * 7 + name.length) % 256)}\n`;
}

function fill(size: number, byteAt: (index: number) => number): string {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) {
    const byte = byteAt(index);
    bytes[index] = byte === NEWLINE ? 0 : byte;
  }
  return bytes.toString("latin1");
}

/** What is sent so that `records` are appended. */
export function encodeRecords(type: StreamType, records: readonly string[]): string | Uint8Array {
  if (type !== "application/json") return Buffer.from(records.join(""), "latin1");
  return records.length === 1 ? (records[0] ?? "") : `[${records.join(",")}]`;
}

/** The content, as in a history, of a body that was read. @throws SyntaxError when it is no JSON */
export function decodeBody(type: StreamType, body: Uint8Array): string {
  const bytes = Buffer.from(body);
  return type === "application/json" ? fromJson(bytes.toString()) : bytes.toString("latin1");
}

/** @throws SyntaxError when it is no JSON */
export function decodeEvent(type: StreamType, data: string, isBase64: boolean): string {
  if (isBase64) return decodeBody(type, Buffer.from(data.replaceAll(/[\r\n]/g, ""), "base64"));
  return decodeBody(type, Buffer.from(data));
}

function fromJson(text: string): string {
  const value: unknown = JSON.parse(text);
  const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
  return messages.map((message) => `${JSON.stringify(message)}\n`).join("");
}
