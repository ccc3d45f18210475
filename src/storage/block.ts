/** The form of a chunk in a D1 row. D1 carries TEXT ten times faster than BLOB, so that every body is text. */

import type { StreamKind } from "#protocol/content-type.ts";
import { formatBody, type Chunk } from "#protocol/frames.ts";
import { nestingDepth } from "#protocol/json.ts";
import type { Position } from "#protocol/offset.ts";
import { decodeLenient, decodeStrict, isContinuation } from "#protocol/utf8.ts";
import { checksum } from "./checksum.ts";
import { StorageFault } from "./contract.ts";

/**
 * `json`: a JSON array of the messages. `text`: the frames' text, one after the other. `base64`: a JSON array with
 * the base64 of each frame.
 */
export type BlockEncoding = "json" | "text" | "base64";

export interface BlockBody {
  readonly encoding: BlockEncoding;
  readonly ends: string;
  readonly body: string;
  /** Of the frames' bytes, the position and `ends`; null in a row from before there were checksums. */
  readonly checksum: number | null;
}

// SQLite's JSON functions refuse deeper nesting; one such block would fail every query of the `messages` view.
const SQLITE_JSON_DEPTH_MAX = 1_000;
const ENCODER = new TextEncoder();

/** Encodes a chunk in the most readable form that gives back the same bytes. */
export function encodeBlock(chunk: Chunk, kind: StreamKind): BlockBody {
  const ends = JSON.stringify(chunk.ends);
  const { start, payload } = chunk;
  return { ...encodeBody(chunk, kind), ends, checksum: checksumOf(start, ends, payload) };
}

// A row that was moved or renumbered would answer true bytes at wrong offsets: the position is checked with them.
function checksumOf({ seq, byte }: Position, ends: string, payload: Uint8Array): number {
  return checksum(payload, JSON.stringify([seq, byte]), ends);
}

function encodeBody(chunk: Chunk, kind: StreamKind): Pick<BlockBody, "encoding" | "body"> {
  if (kind === "json") {
    const body = formatBody([chunk], "json");
    if (nestingDepth(body) <= SQLITE_JSON_DEPTH_MAX) {
      return { encoding: "json", body: decodeLenient(body) };
    }
  } else if (kind === "text") {
    const body = textOf(chunk);
    if (body !== undefined) return { encoding: "text", body };
  }
  return { encoding: "base64", body: JSON.stringify(frames(chunk).map((f) => f.toBase64())) };
}

/**
 * Gives back the chunk that was encoded.
 *
 * @throws StorageFault when the row is not what was stored: its length, and its checksum where it has one
 */
export function decodeBlock(start: Position, block: BlockBody): Chunk {
  const { ends, payload } = decodeParts(start, block);
  if (payload.length !== ends.at(-1)) throw damaged(start, "its length is another");
  if (block.checksum !== null && checksumOf(start, block.ends, payload) !== block.checksum) {
    throw damaged(start, "its checksum is another");
  }
  return { start, ends, payload };
}

function decodeParts(
  start: Position,
  block: BlockBody,
): { readonly ends: readonly number[]; readonly payload: Uint8Array } {
  try {
    const ends = JSON.parse(block.ends) as number[];
    return { ends, payload: decodePayload(block, ends) };
  } catch (error) {
    // JSON and base64 that are none any more, and parts that are longer than the whole.
    const expected =
      error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError;
    throw expected ? damaged(start, "it cannot be decoded", error) : error;
  }
}

function damaged({ seq, byte }: Position, reason: string, cause?: unknown): StorageFault {
  const message = `The block at message ${seq}, byte ${byte} in D1 is not what was stored: ${reason}.`;
  return new StorageFault(message, "none", cause);
}

function decodePayload({ encoding, body }: BlockBody, ends: readonly number[]): Uint8Array {
  if (encoding === "text") return ENCODER.encode(body);
  const payload = new Uint8Array(ends.at(-1) ?? 0);
  const parts = encoding === "json" ? jsonFrames(body, ends) : base64Frames(body);
  let at = 0;
  for (const part of parts) {
    payload.set(part, at);
    at += part.length;
  }
  return payload.subarray(0, at);
}

// The messages stand one separator apart, so that their lengths alone say where each is: nothing is parsed.
function jsonFrames(body: string, ends: readonly number[]): Uint8Array[] {
  const bytes = ENCODER.encode(body);
  return ends.map((end, i) =>
    bytes.subarray(1 + i + (i === 0 ? 0 : (ends[i - 1] ?? 0)), 1 + i + end),
  );
}

function base64Frames(body: string): Uint8Array[] {
  return (JSON.parse(body) as string[]).map((f) => Uint8Array.fromBase64(f));
}

/** The text of a chunk whose every frame is valid UTF-8 by itself and holds no NUL, at which SQLite would stop. */
function textOf(chunk: Chunk): string | undefined {
  const split = chunk.ends.some((e) => isContinuation(chunk.payload[e] ?? 0));
  if (split || chunk.payload.includes(0)) return undefined;
  return decodeStrict(chunk.payload);
}

function frames({ ends, payload }: Chunk): Uint8Array[] {
  return ends.map((end, i) => payload.subarray(i === 0 ? 0 : ends[i - 1], end));
}
