/**
 * Positions and the offset tokens that stand for them (§8).
 *
 * A position counts what precedes it: `seq` whole frames (JSON messages, or appends of a byte stream) and `byte`
 * bytes of payload. Inside a frame of a byte stream `byte` grows while `seq` stays, so every byte has a token of its
 * own and tokens sort as positions do.
 */

export interface Position {
  /** Frames that end at or before this position: 0 to 2^53−1. */
  readonly seq: number;
  /** Payload bytes before this position: 0 to 2^53−1. */
  readonly byte: number;
}

export const ZERO: Position = { seq: 0, byte: 0 };

/** Where a read starts: the beginning, the tail of the moment (`now`), or a position. */
export type ReadFrom =
  | { readonly kind: "start" }
  | { readonly kind: "now" }
  | { readonly kind: "at"; readonly position: Position };

const TOKEN = /^(\d{16})_(\d{16})$/;

/** The token of a position: two numbers of 16 digits. 2^53−1 has 16 digits, so that the order of strings holds. */
export function formatOffset(position: Position): string {
  return `${pad(position.seq)}_${pad(position.byte)}`;
}

/** Reads a token that this server may have minted; undefined for anything else. */
export function parsePosition(token: string): Position | undefined {
  const match = TOKEN.exec(token);
  if (match === null) return undefined;
  const position = { seq: Number(match[1]), byte: Number(match[2]) };
  return Number.isSafeInteger(position.seq) && Number.isSafeInteger(position.byte)
    ? position
    : undefined;
}

/** Reads the `offset` of a request: `-1`, `now` or a token. Undefined for anything else. */
export function parseReadFrom(token: string): ReadFrom | undefined {
  if (token === "-1") return { kind: "start" };
  if (token === "now") return { kind: "now" };
  const position = parsePosition(token);
  return position === undefined ? undefined : { kind: "at", position };
}

/** Negative when `a` precedes `b`, positive when it follows, 0 when they are one position. */
export function comparePositions(a: Position, b: Position): number {
  return a.seq - b.seq || a.byte - b.byte;
}

/** The one of two positions that comes after the other. */
export function later(a: Position, b: Position): Position {
  return comparePositions(a, b) >= 0 ? a : b;
}

/** The one of two positions that comes before the other. */
export function earlier(a: Position, b: Position): Position {
  return comparePositions(a, b) <= 0 ? a : b;
}

function pad(value: number): string {
  return String(value).padStart(16, "0");
}
