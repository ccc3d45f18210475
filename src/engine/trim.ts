/**
 * Trim (an extension): the first position that can be read moves forward.
 *
 * The move is one commit, and from then on nobody reads what lies before it. Its removal follows by a task that is
 * repeated until it is done (reclaim.ts). What forks read stays for as long as they do.
 */

import type { Position, ReadFrom } from "#protocol/offset.ts";
import type { IfMatch } from "#protocol/if-match.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { refuseMoved } from "./if-match.ts";
import { collect, refuseOffset } from "./read.ts";
import { expire } from "./remove.ts";
import { openStream, type Stream } from "./stream.ts";

export interface Trimmed {
  /** The first position that can be read now. */
  readonly earliest: Position;
  readonly tail: Position;
}

/**
 * Drops what lies before an offset. What was dropped already stays so: then nothing changes. A use of the stream,
 * from which its sliding window starts anew.
 *
 * @param before `now` drops everything, `start` nothing
 * @param ifMatch where the stream must still end; undefined for wherever it does
 * @returns a refusal `invalid_offset` for an offset past the tail or none of this stream's
 */
export async function trim(
  stream: Stream,
  before: ReadFrom,
  ifMatch?: IfMatch,
): Promise<Result<Trimmed>> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const moved = refuseMoved(opened.value.tail, ifMatch);
  if (moved !== undefined) return refuse(moved);
  stream.touch();
  stream.armAlarm();
  const { record, tail } = opened.value;
  const { id, base, kind } = record;
  const position = before.kind === "at" ? before.position : before.kind === "now" ? tail : base;
  if (position.byte > base.byte) {
    const isOffset =
      position.byte < tail.byte
        ? (await collect(stream, id, position, kind, 1)).length > 0
        : position.byte === tail.byte && position.seq === tail.seq;
    // The stream may have been deleted, or trimmed further, while its frames were looked at.
    const now = openStream(stream, expire);
    if (!now.ok) return now;
    const movedSince = refuseMoved(now.value.tail, ifMatch);
    if (movedSince !== undefined) return refuse(movedSince);
    const isTrimmed = position.byte <= now.value.record.base.byte;
    if (now.value.record.id === id && !isTrimmed) {
      if (!isOffset) return refuseOffset();
      stream.trim(position);
    }
  }
  return answer(stream);
}

function answer(stream: Stream): Result<Trimmed> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { record, tail } = opened.value;
  return accept({ earliest: record.base, tail });
}
