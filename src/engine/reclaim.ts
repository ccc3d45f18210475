/**
 * Removing what nobody reads any more from D1 and R2. Every step may be repeated: each begins by looking at what is
 * there, removes objects before the rows that name them, and is followed by its task's end only when all is gone.
 */

import { earlier, type Position } from "#protocol/offset.ts";
import type { Present, Stream } from "./stream.ts";

/**
 * How long after it was sent a write may still happen. An object that dies does not take its requests along: D1 ends
 * a statement after 30 seconds.
 */
export const LATE_MS = 60_000;

/** Removes everything that is stored under the id of a stream that is no more. */
export async function eraseStored(stream: Stream, id: string): Promise<void> {
  // What was under way for the erased stream must not write after it.
  await Promise.allSettled([stream.flushing]);
  await alone(stream, async () => {
    await stream.deps.segments.erase(id);
    await stream.deps.log.erase(id);
  });
}

/** Removes what lies before the first position that the stream or one of its forks can read. */
export async function removeTrimmed(stream: Stream, id: string): Promise<void> {
  const { log, segments } = stream.deps;
  // Blocks that were sent before the trim arrive before the look.
  await Promise.allSettled([stream.flushing]);
  await alone(stream, async () => {
    const present = stream.sameStream(id);
    // A stream that was deleted meanwhile is erased as a whole.
    if (present === undefined) return;
    let unread = unreadBefore(stream, present);
    for (;;) {
      const trimmed = await log.segmentsBefore(id, unread);
      if (trimmed.length > 0) await segments.remove(trimmed.map(({ key }) => key));
      await log.trim(id, trimmed.at(-1)?.end ?? unread);
      if (trimmed.length > 0) continue;
      // Another trim may have come meanwhile, and have left its removal to this one.
      const now = stream.sameStream(id);
      if (now === undefined || unreadBefore(stream, now).byte <= unread.byte) return;
      unread = unreadBefore(stream, now);
    }
  });
}

/** Before this position neither the stream nor one of its forks reads. */
function unreadBefore({ deps }: Stream, { record }: Present): Position {
  return earlier(record.base, deps.journal.keptForForks() ?? record.base);
}

/** Removes the object of a compaction that did not come to its end, unless a row has come to name it. */
export async function removeOrphan(stream: Stream, id: string, key: string): Promise<void> {
  const { log, segments } = stream.deps;
  await alone(stream, async () => {
    if (!(await log.namesObject(id, key))) await segments.remove([key]);
  });
}

/** Removes while nothing is compacted: a compaction puts an object first, and the row that names it afterwards. */
async function alone(stream: Stream, step: () => Promise<void>): Promise<void> {
  while (stream.compacting !== undefined || stream.removing !== undefined) {
    await Promise.allSettled([stream.compacting, stream.removing]);
  }
  stream.removing = step().finally(() => {
    stream.removing = undefined;
  });
  await stream.removing;
}
