/** Reads an export file record by record, and believes none of it unchecked. */

import { createHash } from "node:crypto";
import { parseManifest, parseProducers, type StreamManifest } from "../../src/protocol/manifest.ts";
import { formatOffset, type Position } from "../../src/protocol/offset.ts";
import type { ProducerStamp } from "../../src/protocol/producer.ts";
import { ArchiveError } from "./archive-error.ts";
import { readLines } from "./file.ts";
import {
  decodeLine,
  FORMAT,
  VERSION,
  type ArchiveRecord,
  type EndRecord,
  type FramesRecord,
} from "./records.ts";

/** What a file tells, in order: of each stream `stream`, `producers`…, `frames`…, and `end` or `failed`. */
export type ArchiveEvent =
  | { readonly kind: "stream"; readonly path: string; readonly manifest: StreamManifest }
  | { readonly kind: "producers"; readonly producers: readonly ProducerStamp[] }
  | {
      readonly kind: "frames";
      readonly start: Position;
      readonly lengths: readonly number[];
      readonly payload: Buffer;
    }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly path: string; readonly reason: string };

/** The stream that is being read, and what its end must say. */
interface Open {
  readonly manifest: StreamManifest;
  readonly hash: ReturnType<typeof createHash>;
  at: Position;
  frames: number;
  bytes: number;
}

/** @throws ArchiveError at the first thing that is not as it was written, and at the end if the trailer is missing */
export async function* readArchive(file: string): AsyncGenerator<ArchiveEvent> {
  const all = createHash("sha256");
  let open: Open | undefined;
  let streams = 0;
  let number = 0;
  let hasTrailer = false;
  for await (const line of readLines(file)) {
    number += 1;
    if (hasTrailer) throw new ArchiveError("Something follows the end of the export.");
    const record = decodeLine(line, number);
    if ((number === 1) !== (record.kind === "header")) throw misplaced(number, record);
    if (record.kind === "header") checkHeader(record);
    else if (record.kind === "trailer") {
      if (open !== undefined) throw misplaced(number, record);
      checkTrailer(record, streams, all.digest("hex"));
      hasTrailer = true;
    } else {
      const event = toEvent(record, open, number);
      if (record.kind === "end") streams += 1;
      open = follow(open, event);
      yield event;
    }
    if (!hasTrailer) all.update(line).update("\n");
  }
  if (!hasTrailer) throw new ArchiveError("The file is cut off: the end of the export is missing.");
}

function checkHeader({ format, version }: { format: string; version: number }): void {
  if (format !== FORMAT) throw new ArchiveError("This is no export of Headwater.");
  if (version === VERSION) return;
  throw new ArchiveError(
    `The file has version ${version} of the format; this program reads version ${VERSION}.`,
  );
}

function checkTrailer(
  trailer: { streams: number; sha256: string },
  streams: number,
  sha256: string,
): void {
  if (trailer.streams === streams && trailer.sha256 === sha256) return;
  throw new ArchiveError("The file is damaged: lines are missing, or are not in their order.");
}

function toEvent(record: ArchiveRecord, open: Open | undefined, number: number): ArchiveEvent {
  if (record.kind === "failed") {
    const { path, reason } = record;
    return { kind: "failed", path, reason };
  }
  if (record.kind === "stream" && open === undefined) {
    const manifest = parseManifest(record.manifest);
    if (manifest !== undefined) return { kind: "stream", path: record.path, manifest };
  }
  if (record.kind === "producers" && open?.bytes === 0) {
    const producers = parseProducers(record.producers);
    if (producers !== undefined) return { kind: "producers", producers };
  }
  if (record.kind === "frames" && open !== undefined) return toFrames(record, open, number);
  if (record.kind === "end" && open !== undefined && isEnd(record, open)) return { kind: "end" };
  throw misplaced(number, record);
}

function toFrames(record: FramesRecord, { at }: Open, number: number): ArchiveEvent {
  const { lengths } = record;
  const payload = Buffer.from(record.data, "base64");
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  const isWhole = lengths.length > 0 && lengths.every((length) => length > 0);
  if (record.offset !== formatOffset(at) || bytes !== payload.length || !isWhole) {
    throw misplaced(number, record);
  }
  return { kind: "frames", start: at, lengths, payload };
}

function isEnd({ frames, bytes, sha256 }: EndRecord, open: Open): boolean {
  const isTail = formatOffset(open.at) === formatOffset(open.manifest.tail);
  return (
    isTail && frames === open.frames && bytes === open.bytes && sha256 === open.hash.digest("hex")
  );
}

function follow(open: Open | undefined, event: ArchiveEvent): Open | undefined {
  if (event.kind === "stream") {
    const { manifest } = event;
    return { manifest, hash: createHash("sha256"), at: manifest.base, frames: 0, bytes: 0 };
  }
  if (event.kind === "end" || event.kind === "failed") return undefined;
  if (open === undefined || event.kind === "producers") return open;
  const { lengths, payload } = event;
  open.hash.update(payload);
  open.frames += lengths.length;
  open.bytes += payload.length;
  open.at = { seq: open.at.seq + lengths.length, byte: open.at.byte + payload.length };
  return open;
}

function misplaced(number: number, { kind }: ArchiveRecord): ArchiveError {
  return new ArchiveError(
    `The file is damaged: line ${number} (${kind}) does not follow from what is before it.`,
  );
}
