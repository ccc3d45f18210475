/**
 * Export: what a stream is at one moment, and after that, at leisure, its frames up to where it ended then.
 *
 * The description, the tail and the producers are taken in one synchronous step, so that they belong together. The
 * frames before that tail never change: they may be read later and in any number of answers, as long as the stream
 * is the same one.
 */

import type { StreamKind } from "#protocol/content-type.ts";
import { chunkEnd, joinPayload, sliceUntil, type Chunk } from "#protocol/frames.ts";
import { MESSAGE_BYTES_MAX, READ_BYTES_MAX } from "#protocol/limits.ts";
import type { StreamManifest } from "#protocol/manifest.ts";
import type { Position } from "#protocol/offset.ts";
import type { ProducerStamp } from "#protocol/producer.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { collect } from "./read.ts";
import { expire } from "./remove.ts";
import { openStream, type Stream } from "./stream.ts";

export interface Snapshot {
  readonly manifest: StreamManifest;
  readonly producers: readonly ProducerStamp[];
}

/** Describes the stream. Not a use of it: a sliding window goes on. */
export function takeSnapshot(stream: Stream): Result<Snapshot> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { record, tail, writerSeq } = opened.value;
  const { id, contentType, createdAtMs, lifetime, retention, state, closedBy, floor, base } =
    record;
  const manifest = {
    id,
    contentType,
    createdAtMs,
    lifetime,
    retention,
    closed: state === "closed",
    closedBy,
    writerSeq,
    floor,
    base,
    tail,
  };
  return accept({ manifest, producers: stream.deps.journal.producers() });
}

/**
 * Whole frames from a position on, about a mebibyte of them, none past `until`.
 *
 * @param id of the stream that the snapshot described
 * @param until the snapshot's tail
 */
export async function exportFrames(
  stream: Stream,
  id: string,
  from: Position,
  until: Position,
): Promise<Result<Chunk>> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { record } = opened.value;
  if (record.id !== id) {
    return refuse({ code: "stream_not_found", message: "The stream was deleted and made anew." });
  }
  if (from.byte < record.base.byte) {
    return refuse({
      code: "offset_gone",
      message: "The stream's beginning was removed during the export.",
      earliest: record.base,
    });
  }
  const run = await collectWhole(stream, id, record.kind, from, until);
  if (run === undefined) {
    return refuse({
      code: "invalid_offset",
      message: "This is not an offset before the tail that the export began with.",
    });
  }
  const whole = wholeFrames(run);
  return whole === undefined || hasLargeFrame(whole) ? refuseHalfFrame() : accept(whole);
}

/** Frames, the last of which may be cut only if nothing follows it or something precedes it. */
async function collectWhole(
  stream: Stream,
  id: string,
  kind: StreamKind,
  from: Position,
  until: Position,
): Promise<Chunk | undefined> {
  let run: Chunk | undefined;
  let at = from;
  do {
    const found = await collect(stream, id, at, kind, READ_BYTES_MAX);
    const parts = found.flatMap((chunk) => sliceUntil(chunk, until) ?? []);
    if (parts.length === 0) break;
    run = joinRuns(run === undefined ? parts : [run, ...parts]);
    at = chunkEnd(run);
  } while (run.cut === true && run.ends.length === 1);
  return run;
}

/**
 * One run of consecutive ones. Where a fork has left its source inside an append, the part that it has inherited and
 * its own next append have one number: together they are one frame, and every offset in them stays what it was.
 */
function joinRuns(parts: readonly Chunk[]): Chunk {
  const [first] = parts;
  if (first === undefined) throw new Error("Nothing is no run of frames.");
  const ends: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (parts[i - 1]?.cut === true) ends.pop();
    const shift = part.start.byte - first.start.byte;
    for (const end of part.ends) ends.push(end + shift);
  }
  const cut = parts.at(-1)?.cut === true;
  return { start: first.start, ends, payload: joinPayload(parts), cut };
}

function wholeFrames(run: Chunk): Chunk | undefined {
  if (run.cut !== true) return run;
  const end = run.ends.at(-2);
  if (end === undefined) return undefined;
  return { start: run.start, ends: run.ends.slice(0, -1), payload: run.payload.subarray(0, end) };
}

function hasLargeFrame({ ends }: Chunk): boolean {
  return ends.some((end, i) => end - (ends[i - 1] ?? 0) > MESSAGE_BYTES_MAX);
}

function refuseHalfFrame() {
  return refuse({
    code: "export_unsupported",
    message:
      "This fork leaves its source inside an append and has appended nothing of its own there: no plain stream can end like that. Append to it, or read it instead.",
  });
}
