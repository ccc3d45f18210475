/** Where the next page of the catalogue goes on. Opaque to clients: a letter for the form, and the last path. */

import { decodeStrict } from "./utf8.ts";

const FORM = "p";
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const ENCODER = new TextEncoder();

/** The cursor of the page that follows a path. */
export function formatListCursor(path: string): string {
  return FORM + ENCODER.encode(path).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The path in a cursor; undefined for what is none. */
export function parseListCursor(cursor: string): string | undefined {
  const text = cursor.slice(FORM.length);
  // Four characters carry three bytes: one alone is the rest of nothing.
  if (!cursor.startsWith(FORM) || !BASE64URL.test(text) || text.length % 4 === 1) return undefined;
  const path = decodeStrict(Uint8Array.fromBase64(text, { alphabet: "base64url" }));
  return path !== undefined && formatListCursor(path) === cursor ? path : undefined;
}
