/** JSON mode (§9.1): a body becomes messages, one level of array flattened, every message's text kept as written. */

import { MESSAGE_BYTES_MAX } from "./limits.ts";
import { decodeStrict } from "./utf8.ts";

export type JsonMessages =
  | { readonly kind: "messages"; readonly messages: readonly Uint8Array[] }
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "too_large"; readonly index: number };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Splits a body into messages. Numbers, escapes and spacing inside a message are not touched: what a reader gets is
 * what the writer sent.
 *
 * @returns the messages (none for `[]`), or why the body is refused: not UTF-8, not JSON, or a message above
 *   {@link MESSAGE_BYTES_MAX}
 */
export function splitMessages(body: Uint8Array): JsonMessages {
  const text = decodeStrict(body);
  if (text === undefined) return { kind: "invalid", reason: "The body is not valid UTF-8." };
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "invalid", reason: `The body is not valid JSON: ${error.message}.` };
  }
  const whole = trim(body, 0, body.length);
  const messages = whole[0] === OPEN_BRACKET ? splitArray(whole) : [whole];
  const index = messages.findIndex((m) => m.length > MESSAGE_BYTES_MAX);
  return index < 0 ? { kind: "messages", messages } : { kind: "too_large", index };
}

/** Cuts a valid array at the commas of its first level. */
function splitArray(array: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const end = array.length - 1;
  let depth = 0;
  let from = 1;
  for (let i = 1; i < end; i++) {
    const byte = array[i];
    if (byte === QUOTE) i = endOfString(array, i);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
    else if (byte === COMMA && depth === 0) {
      messages.push(trim(array, from, i));
      from = i + 1;
    }
  }
  const last = trim(array, from, end);
  // Valid JSON has no empty element, so that this is the array without any.
  if (last.length > 0) messages.push(last);
  return messages;
}

function endOfString(bytes: Uint8Array, quote: number): number {
  let i = quote + 1;
  while (bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}

function trim(bytes: Uint8Array, from: number, to: number): Uint8Array {
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The deepest nesting of brackets and braces in valid JSON, 0 for a scalar. */
export function nestingDepth(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfString(json, i);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
  }
  return deepest;
}
