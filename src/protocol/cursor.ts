/** Cursors keep shared caches from answering a live reader with the same response for ever (§10.1). */

const EPOCH_MS = 1_728_432_000_000; // 9 October 2024, 00:00 UTC
const INTERVAL_MS = 20_000;
const JITTER_SECONDS_MAX = 3_600;

/**
 * The cursor of a live answer: the number of the current interval, or past the client's own when that is not behind.
 *
 * @param nowMs milliseconds since 1970
 * @param clientCursor the `cursor` parameter as received; anything but digits counts as absent
 * @param random a number in [0, 1) that picks the jitter
 */
export function formatCursor(nowMs: number, clientCursor: string | null, random: number): string {
  const current = Math.max(0, Math.floor((nowMs - EPOCH_MS) / INTERVAL_MS));
  if (clientCursor === null || !/^\d{1,15}$/.test(clientCursor)) return String(current);
  const client = Number(clientCursor);
  if (client < current) return String(current);
  const jitterSeconds = 1 + Math.floor(random * JITTER_SECONDS_MAX);
  return String(client + Math.max(1, Math.floor((jitterSeconds * 1_000) / INTERVAL_MS)));
}
