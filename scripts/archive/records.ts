/**
 * The records of an export file and the lines that they are. docs/formats.md describes them.
 *
 * A line is `{"sha256":"…","record":…}`: the hash is over the record's own text, so that a line is checked before
 * anything in it is believed.
 */

import { createHash } from "node:crypto";
import type { ProducerRow } from "../../src/protocol/manifest.ts";
import { ArchiveError } from "./archive-error.ts";

export const FORMAT = "headwater-export";
export const VERSION = 1;

export interface HeaderRecord {
  readonly kind: "header";
  readonly format: string;
  readonly version: number;
  readonly exportedAt: string;
  readonly server: string;
}

export interface StreamRecord {
  readonly kind: "stream";
  readonly path: string;
  readonly manifest: unknown;
}

export interface ProducersRecord {
  readonly kind: "producers";
  readonly producers: readonly ProducerRow[];
}

export interface FramesRecord {
  readonly kind: "frames";
  /** Where the first frame begins. */
  readonly offset: string;
  readonly lengths: readonly number[];
  /** The frames' bytes, one after the other, in base64. */
  readonly data: string;
}

export interface EndRecord {
  readonly kind: "end";
  readonly frames: number;
  readonly bytes: number;
  /** Over the bytes of all frames. */
  readonly sha256: string;
}

/** A stream that could not be exported whole: what the file has of it is not to be used. */
export interface FailedRecord {
  readonly kind: "failed";
  readonly path: string;
  readonly reason: string;
}

export interface TrailerRecord {
  readonly kind: "trailer";
  /** The streams that are whole. */
  readonly streams: number;
  /** Over all bytes of the file before this line. */
  readonly sha256: string;
}

export type ArchiveRecord =
  | HeaderRecord
  | StreamRecord
  | ProducersRecord
  | FramesRecord
  | EndRecord
  | FailedRecord
  | TrailerRecord;

const HEAD = '{"sha256":"';
const MIDDLE = '","record":';
const HASH_LENGTH = 64;
const TEXT_START = HEAD.length + HASH_LENGTH + MIDDLE.length;

/** The line of a record, with its line feed. */
export function encodeLine(record: ArchiveRecord): Buffer {
  const text = JSON.stringify(record);
  return Buffer.from(`${HEAD}${hashOf(text)}${MIDDLE}${text}}\n`);
}

/** @throws ArchiveError when the line is not exactly one that was written */
export function decodeLine(line: Buffer, lineNumber: number): ArchiveRecord {
  const text = line.subarray(TEXT_START, -1);
  const hash = line.toString("latin1", HEAD.length, HEAD.length + HASH_LENGTH);
  const frame = `${line.toString("latin1", 0, HEAD.length)}${line.toString("latin1", HEAD.length + HASH_LENGTH, TEXT_START)}`;
  if (frame !== HEAD + MIDDLE || line.at(-1) !== 0x7d || hashOf(text) !== hash) {
    const isFirst = lineNumber === 1;
    throw new ArchiveError(
      isFirst
        ? "This is no export of Headwater, or its first line is damaged."
        : `Line ${lineNumber} is damaged: its checksum does not match.`,
    );
  }
  return JSON.parse(text.toString()) as ArchiveRecord;
}

function hashOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}
