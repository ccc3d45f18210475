/**
 * Retention: how much of its past a stream keeps while it goes on (§3 allows it; the headers are an extension).
 */

import { TTL_SECONDS_MAX } from "./limits.ts";
import type { Position } from "./offset.ts";

/** The bounds of a stream, at least one of them. A message is dropped as soon as one bound asks for it. */
export interface Retention {
  /** The newest so many messages stay: 1 to 2^53−1. An append of a byte stream counts as one, or one per 512 KiB. */
  readonly messages?: number;
  /** So many payload bytes stay at most, but always the newest message: 1 to 2^53−1. */
  readonly bytes?: number;
  /** Messages stay for so many seconds: 1 to a thousand years. */
  readonly seconds?: number;
}

export type RetentionBound = keyof Retention;

export const RETENTION_BOUNDS = ["messages", "bytes", "seconds"] as const;

const BOUND = /^[1-9]\d{0,15}$/;

/** Reads one bound: a positive integer in decimal without sign, leading zeros, point or exponent. */
export function parseBound(bound: RetentionBound, value: string): number | undefined {
  const number = BOUND.test(value) ? Number(value) : Number.NaN;
  return number <= boundMax(bound) ? number : undefined;
}

/** The largest value of a bound. */
export function boundMax(bound: RetentionBound): number {
  return bound === "seconds" ? TTL_SECONDS_MAX : Number.MAX_SAFE_INTEGER;
}

/** Whether two requests ask for the same bounds. */
export function sameRetention(a: Retention | undefined, b: Retention | undefined): boolean {
  return RETENTION_BOUNDS.every((bound) => a?.[bound] === b?.[bound]);
}

/** Whether a stream holds more messages or bytes than it is to keep. Its newest message always stays. */
export function exceeds(
  { messages = Infinity, bytes = Infinity }: Retention,
  base: Position,
  tail: Position,
): boolean {
  const count = tail.seq - base.seq;
  return count > messages || (count > 1 && tail.byte - base.byte > bytes);
}
