/** Stream paths: what a URL names, once percent-decoded and found harmless (§12.2). */

import { PATH_BYTES_MAX } from "./limits.ts";
import { STREAM_ROOT } from "./names.ts";

declare const brand: unique symbol;
/** A stream's path below the stream root, decoded, such as `chat/42`. Minted by the parsers of this file only. */
export type StreamPath = string & { readonly [brand]: "StreamPath" };

// Control characters (C0, DEL, C1) and lone surrogates have no place in a name that is logged and listed.
// oxlint-disable-next-line no-control-regex -- refusing control characters is the purpose
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\\]|\p{Surrogate}/u;
// A segment that is empty, `.` or `..`.
const DOTS_OR_EMPTY = /(?:^|\/)\.{0,2}(?:\/|$)/;

const ENCODER = new TextEncoder();

/**
 * The stream that a URL's pathname names, or undefined when it names none: outside the stream root, empty, not
 * valid percent-encoded UTF-8, longer than the limit, or with an empty, `.` or `..` segment however encoded.
 */
export function parseStreamPath(pathname: string): StreamPath | undefined {
  if (!pathname.startsWith(STREAM_ROOT)) return undefined;
  const decoded = decode(pathname.slice(STREAM_ROOT.length));
  if (decoded === undefined || FORBIDDEN.test(decoded)) return undefined;
  if (utf8Length(decoded) > PATH_BYTES_MAX || DOTS_OR_EMPTY.test(decoded)) return undefined;
  return decoded as StreamPath;
}

/**
 * The stream that `Stream-Forked-From` names (§4.2): the path of a URL on this server, with or without the stream
 * root, or undefined when it names none.
 */
export function parseSourcePath(value: string): StreamPath | undefined {
  const path = value.startsWith("/") ? value : `/${value}`;
  return parseStreamPath(path.startsWith(STREAM_ROOT) ? path : STREAM_ROOT + path.slice(1));
}

/** Whether a path is reserved for the protocol's control APIs (§6). */
export function isReserved(path: StreamPath): boolean {
  return path === "__ds" || path.startsWith("__ds/");
}

/** The pathname of a stream, percent-encoded segment by segment. */
export function formatStreamPath(path: StreamPath): string {
  return STREAM_ROOT + path.split("/").map(encodeURIComponent).join("/");
}

function utf8Length(text: string): number {
  // A UTF-16 unit is at most three bytes of UTF-8: most paths need no look.
  return text.length * 3 <= PATH_BYTES_MAX ? text.length : ENCODER.encode(text).length;
}

function decode(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
