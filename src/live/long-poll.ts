/** Long-poll (§5.7): the next page, or the news that there was none in time. */

import type { Bounds } from "#protocol/bounds.ts";
import type { Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import { refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import type { LiveSource } from "./source.ts";

// What was created since at the same path may have the same offsets, if it is a fork.
const ANOTHER_STREAM: Refusal = {
  code: "stream_not_found",
  message: "The stream was deleted while this read waited. Another one is at its URL now.",
};

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
  bounds: Bounds,
): Promise<Result<Page>> {
  const endMs = source.now() + timeoutMs;
  let streamId: string | undefined;
  for (;;) {
    const { version } = source.waiters;
    const result = await source.read(from, bounds);
    if (!result.ok) return result;
    const page = result.value;
    streamId ??= page.streamId;
    if (page.streamId !== streamId) return refuse(ANOTHER_STREAM);
    const leftMs = endMs - source.now();
    if (page.chunks.length > 0 || page.closed || leftMs <= 0) return result;
    await source.waiters.past(version, leftMs);
  }
}
