/** Lifetimes: a sliding window (`Stream-TTL`) or a fixed end (`Stream-Expires-At`) (§5.1). */

import { TTL_SECONDS_MAX } from "./limits.ts";

/** How long a stream lives when nobody touches it. */
export type Lifetime =
  | { readonly kind: "forever" }
  | { readonly kind: "ttl"; readonly seconds: number }
  | { readonly kind: "until"; readonly atMs: number; readonly text: string };

export const FOREVER: Lifetime = { kind: "forever" };

const TTL = /^(?:0|[1-9]\d{0,15})$/;
const RFC3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Reads `Stream-TTL`: seconds in decimal without sign, leading zeros, point or exponent. */
export function parseTtl(value: string): Lifetime | undefined {
  if (!TTL.test(value)) return undefined;
  const seconds = Number(value);
  return seconds <= TTL_SECONDS_MAX ? { kind: "ttl", seconds } : undefined;
}

/** Reads `Stream-Expires-At`: an RFC 3339 timestamp, kept as it was written for the answers that repeat it. */
export function parseExpiresAt(value: string): Lifetime | undefined {
  if (!RFC3339.test(value)) return undefined;
  // oxlint-disable-next-line no-restricted-globals -- parsing a timestamp reads no clock
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : { kind: "until", atMs, text: value };
}

/** Whether two requests ask for the same lifetime: timestamps are compared as instants. */
export function sameLifetime(a: Lifetime, b: Lifetime): boolean {
  if (a.kind === "ttl") return b.kind === "ttl" && a.seconds === b.seconds;
  if (a.kind === "until") return b.kind === "until" && a.atMs === b.atMs;
  return b.kind === "forever";
}

/** When a stream that was last touched at `touchedMs` ends; undefined when it does not. */
export function deadlineMs(lifetime: Lifetime, touchedMs: number): number | undefined {
  if (lifetime.kind === "ttl") return touchedMs + lifetime.seconds * 1_000;
  return lifetime.kind === "until" ? lifetime.atMs : undefined;
}

/**
 * The deadline to store for a sliding window: a tenth of the window late, so that a read extends the stored
 * deadline at most ten times a window and never costs a row otherwise.
 */
export function storedDeadlineMs(lifetime: Lifetime, touchedMs: number): number | undefined {
  const deadline = deadlineMs(lifetime, touchedMs);
  if (deadline === undefined || lifetime.kind !== "ttl") return deadline;
  return deadline + Math.floor(lifetime.seconds * 100);
}
