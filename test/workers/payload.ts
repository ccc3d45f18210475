/** Bytes from a seed: the same seed always gives the same. */

import type { Payload } from "./commands.ts";
import { concat, type Kind } from "./content.ts";

const ENCODER = new TextEncoder();
// One to four bytes of UTF-8 each; line ends, quotes and what SSE and SQL might trip over.
const CHARACTERS = ["a", "7", " ", "\n", "\r", "'", "é", "ß", "€", "語", "😀", "\u2028", "data:"];

/** A small generator of pseudo-random numbers (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** Text of exactly `size` bytes; its last character may be cut. */
export function textBytes(next: () => number, size: number): Uint8Array {
  let text = "";
  // Every character has at least a byte.
  const unit = () => CHARACTERS[next() % CHARACTERS.length] ?? "";
  const pattern = Array.from({ length: 97 }, unit).join("");
  while (text.length < size) text += pattern;
  const skip = next() % 3;
  return ENCODER.encode(text).subarray(skip, skip + size);
}

export function randomBytes(next: () => number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => next() & 0xff);
}

function messageText(next: () => number, size: number): string {
  const text = 'xé€😀\n"\\'.repeat(Math.ceil(size / 8)).slice(0, size);
  switch (next() % 6) {
    case 0:
      return JSON.stringify(text);
    case 1:
      return String(next());
    case 2:
      return JSON.stringify({ n: next(), list: [text, [null, { deep: [] }]] });
    case 3:
      return "null";
    case 4:
      // What a parser would change must come back as it was written.
      return `{ "price" : 1.50, "big":12345678901234567890, "t": ${JSON.stringify(text)} }`;
    default:
      return JSON.stringify([next(), text]);
  }
}

/** The body to send, and the messages or appends that it stands for. */
export function makeBody(
  { seed, sizes, wrapped }: Payload,
  kind: Kind,
): { body: Uint8Array; frames: Uint8Array[] } {
  const next = random(seed);
  if (kind !== "json") {
    const make = kind === "text" ? textBytes : randomBytes;
    const body = concat(sizes.map((size) => make(next, size)));
    return { body, frames: body.length === 0 ? [] : [body] };
  }
  const messages = sizes.map((size) => messageText(next, size));
  const [only] = messages;
  const bare = messages.length === 1 && only !== undefined && !wrapped && !only.startsWith("[");
  const text = bare ? ` ${only}\n` : `[ ${messages.join(" ,\n")} ]`;
  return { body: ENCODER.encode(text), frames: messages.map((m) => ENCODER.encode(m)) };
}
