/** Long-poll (§5.7): the next page, or the news that there was none in time. */

import type { Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import type { Result } from "#protocol/refusal.ts";
import type { LiveSource } from "./source.ts";

/**
 * Waits at most `timeoutMs` for data or for closure, whichever comes first. A page that is there already is answered
 * at once, and a page that comes with the closure carries both.
 *
 * @returns a page with data, a closed page, or after the timeout an empty one; a refusal when the stream is deleted
 */
export async function longPoll(
  source: LiveSource,
  from: Position,
  timeoutMs: number,
): Promise<Result<Page>> {
  const endMs = source.now() + timeoutMs;
  for (;;) {
    const { version } = source.waiters;
    const result = await source.read(from);
    if (!result.ok) return result;
    const page = result.value;
    const leftMs = endMs - source.now();
    if (page.chunks.length > 0 || page.closed || leftMs <= 0) return result;
    await source.waiters.past(version, leftMs);
  }
}
