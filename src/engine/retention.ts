/** Retention: what a bounded stream holds too much of, or for too long, is trimmed. Called from the alarm. */

import { later, type Position } from "#protocol/offset.ts";
import type { Retention } from "#protocol/retention.ts";
import { StorageFault } from "#storage/contract.ts";
import { seek } from "./seek.ts";
import type { Present, Stream } from "./stream.ts";

/** Trims the stream to its bounds if that is due. A store that fails is asked again with the next look. */
export async function enforceRetention(stream: Stream): Promise<void> {
  const { retentionClock: clock, slot } = stream;
  if (stream.deps.now() < (clock.dueMs ?? Infinity)) return;
  clock.looking();
  if (slot.kind === "absent" || slot.record.retention === undefined) return clock.stop();
  const { id, retention } = slot.record;
  try {
    noteAge(stream, slot, retention);
    const base = await firstKept(stream, slot, retention);
    const now = stream.sameStream(id);
    // Deleted meanwhile: only forks read it now, or nobody.
    if (now === undefined || now.record.state === "gone") return;
    if (base.byte > now.record.base.byte) stream.trim(base);
    clock.looked(now.record);
    if (now.tail.byte > slot.tail.byte) clock.appended();
  } catch (error) {
    if (!(error instanceof StorageFault)) throw error;
    console.warn(`${error.message} The stream is trimmed later.`, error.cause);
  }
}

/** All that is there by now was written at the latest now. */
function noteAge(stream: Stream, { record, tail }: Present, { seconds }: Retention): void {
  const { ages, now } = stream.deps;
  const noted = ages.newest()?.position ?? record.base;
  if (seconds !== undefined && tail.byte > noted.byte) ages.note({ position: tail, atMs: now() });
}

/** The first position that every bound lets be. */
async function firstKept(
  stream: Stream,
  { record, tail }: Present,
  { messages, bytes, seconds }: Retention,
): Promise<Position> {
  const { id } = record;
  let { base } = record;
  if (seconds !== undefined) {
    const { ages, now } = stream.deps;
    base = later(base, ages.at(now() - seconds * 1_000)?.position ?? base);
  }
  if (messages !== undefined && tail.seq - messages > base.seq) {
    base = later(base, await seek(stream, id, "seq", tail.seq - messages));
  }
  if (bytes !== undefined && tail.byte - bytes > base.byte) {
    const first = await seek(stream, id, "byte", tail.byte - bytes);
    // The newest message stays, however large it is.
    const kept = first.seq < tail.seq ? first : await seek(stream, id, "seq", tail.seq - 1);
    base = later(base, kept);
  }
  return base;
}
