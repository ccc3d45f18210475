/** Where a frame with a given number begins, or the first frame at or after a given byte, in whichever tier it lies. */

import type { StreamKind } from "#protocol/content-type.ts";
import { earlier, later, type Position } from "#protocol/offset.ts";
import { StorageFault, type Coordinate, type FrameRun, type Segment } from "#storage/contract.ts";
import type { Stream } from "./stream.ts";

// A block may be compacted between the look for it and the look for its segment: then both are done again.
const ATTEMPTS = 3;

/**
 * Finds the boundary between two frames that a coordinate leads to.
 *
 * @param by `seq` finds where the frame with this number begins, `byte` the first boundary at or after a byte
 * @param value from the stream's first position to before its tail
 * @throws StorageFault with effect `none` when a tier lacks the frame, or does not answer
 */
export async function seek(
  stream: Stream,
  id: string,
  by: Coordinate,
  value: number,
): Promise<Position> {
  const present = stream.sameStream(id);
  if (present === undefined) throw new StorageFault("The stream was deleted.", "none");
  const { record } = present;
  const here = stream.deps.journal.seek(by, value);
  if (here !== undefined) return boundary(here, by, value);
  const ancestor =
    value < record.origin[by] ? record.lineage.find((a) => value < a.until[by]) : undefined;
  const streamId = ancestor?.streamId ?? id;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const run =
      (await stream.deps.log.seek(streamId, by, value)) ??
      (await seekSegment(stream, streamId, record.kind, by, value));
    if (run === undefined) continue;
    // What follows the end of the ancestor's part is not its fork's; what precedes the fork's own is not the fork's.
    const found = boundary(run, by, value);
    return ancestor === undefined ? later(found, record.origin) : earlier(found, ancestor.until);
  }
  throw new StorageFault("A frame was looked for and is in no tier.", "none");
}

async function seekSegment(
  stream: Stream,
  streamId: string,
  kind: StreamKind,
  by: Coordinate,
  value: number,
): Promise<FrameRun | undefined> {
  const { log, segments } = stream.deps;
  const segment: Segment | undefined =
    by === "seq"
      ? await log.segmentOfFrame(streamId, value)
      : await log.segmentAt(streamId, { seq: 0, byte: value });
  const mark = segment?.marks.findLast((m) => m[by] <= value);
  if (segment === undefined || mark === undefined) return undefined;
  // However little is asked for, all frames up to the next mark come along.
  const [chunk] = await segments.read(segment, mark, kind, 1);
  return chunk;
}

/** The boundary in a run that holds the coordinate. */
export function boundary({ start, ends }: FrameRun, by: Coordinate, value: number): Position {
  if (value <= start[by]) return start;
  const index =
    by === "seq" ? value - start.seq - 1 : ends.findIndex((end) => start.byte + end >= value);
  const end = ends[index];
  if (end === undefined) throw new StorageFault("A run lacks the frame that it holds.", "none");
  return { seq: start.seq + index + 1, byte: start.byte + end };
}
