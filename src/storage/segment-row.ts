/** The form of a segment in a D1 row: what a read of the object in R2 goes by, so nothing of it is taken on trust. */

import { StorageFault, type Segment } from "./contract.ts";

export interface SegmentRow {
  readonly start: number;
  readonly start_seq: number;
  readonly end: number;
  readonly end_seq: number;
  readonly key: string;
  /** JSON: `[seq, byte]` of every mark. */
  readonly marks: string;
  /** JSON: a number for every mark; null in a row from before there were checksums. */
  readonly checksums: string | null;
}

export function encodeSegmentRow({ start, end, key, marks, checksums }: Segment): SegmentRow {
  return {
    start: start.byte,
    start_seq: start.seq,
    end: end.byte,
    end_seq: end.seq,
    key,
    marks: JSON.stringify(marks.map((m) => [m.seq, m.byte])),
    checksums: checksums === undefined ? null : JSON.stringify(checksums),
  };
}

/** @throws StorageFault when the lists cannot be what was stored */
export function decodeSegmentRow(row: SegmentRow): Segment {
  const marks = parseList(row, row.marks, isPair);
  const checksums = row.checksums === null ? undefined : parseList(row, row.checksums, isCount);
  const [first] = marks;
  if (first?.[0] !== row.start_seq || first[1] !== row.start) throw damaged(row);
  // An interval whose checksum is missing would be believed.
  if (checksums !== undefined && checksums.length !== marks.length) throw damaged(row);
  return {
    start: { seq: row.start_seq, byte: row.start },
    end: { seq: row.end_seq, byte: row.end },
    key: row.key,
    marks: marks.map(([seq, byte]) => ({ seq, byte })),
    checksums,
  };
}

function parseList<T>(row: SegmentRow, text: string, isItem: (item: unknown) => item is T): T[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damaged(row, error);
  }
  if (Array.isArray(list) && list.every(isItem)) return list;
  throw damaged(row);
}

function isPair(item: unknown): item is [number, number] {
  return Array.isArray(item) && item.length === 2 && item.every(isCount);
}

function isCount(item: unknown): item is number {
  return Number.isSafeInteger(item) && Number(item) >= 0;
}

function damaged({ key }: SegmentRow, cause?: unknown): StorageFault {
  return new StorageFault(`The row of ${key} in D1 is not what was stored.`, "none", cause);
}
