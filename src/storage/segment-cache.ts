/**
 * What was read of segments lately, in memory: the next reader of the same history costs no request to R2.
 *
 * Objects that run in one isolate share its memory, and so one bound; what each has read is its own. A segment never
 * changes, so that nothing here is ever wrong: whoever asks for it knows from elsewhere that it is still there.
 */

import { chunkEnd, sliceFrom, type Chunk } from "#protocol/frames.ts";
import { READ_BYTES_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import type { Segment, Segments } from "./contract.ts";
import { intervalsOf } from "./segments.ts";

// Less than this is not worth an answer of its own while there is more in the segment.
const WORTH_BYTES = READ_BYTES_MAX / 4;

/** What the runtime keeps for a number in an array, at most. */
const END_BYTES = 8;

interface Entry {
  readonly chunk: Chunk;
  /** All that its bytes keep in memory. */
  readonly bytes: number;
  /** The entries of its segment, and where they are found. */
  readonly key: string;
  readonly among: Map<string, Set<Entry>>;
}

/** What a read of R2 would give, which stops at marks only. */
function wholeBytes(segment: Segment, from: Position, bytesMax: number): number {
  const last = intervalsOf(segment, from, bytesMax).at(-1);
  return last === undefined ? 0 : last.end.byte - from.byte;
}

export class SegmentCache {
  readonly #bytesMax: number;
  /** The least recently used first. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  /** @param bytesMax what all segments that are opened through this cache keep together */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The same segments, whose reads are remembered: of what is known a read gives about {@link READ_BYTES_MAX} at most. */
  open(segments: Segments): Segments {
    const own = new Map<string, Set<Entry>>();
    return {
      ...segments,

      read: async (segment, from, kind, bytesMax) => {
        const bytes = wholeBytes(segment, from, Math.min(bytesMax, READ_BYTES_MAX));
        const known = this.#find(own, segment, from, Math.min(bytes, WORTH_BYTES));
        const part = known && sliceFrom(known, from, kind, bytes);
        if (part !== undefined) return [part];
        const chunks = await segments.read(segment, from, kind, bytesMax);
        for (const chunk of chunks) this.#add(own, segment.key, chunk);
        return chunks;
      },
    };
  }

  #find(
    own: ReadonlyMap<string, ReadonlySet<Entry>>,
    { key }: Segment,
    from: Position,
    bytesMin: number,
  ): Chunk | undefined {
    for (const entry of own.get(key) ?? []) {
      const { chunk } = entry;
      if (from.byte < chunk.start.byte || chunkEnd(chunk).byte - from.byte < bytesMin) continue;
      this.#entries.delete(entry);
      this.#entries.add(entry);
      return chunk;
    }
    return undefined;
  }

  #add(own: Map<string, Set<Entry>>, key: string, chunk: Chunk): void {
    const bytes = chunk.payload.buffer.byteLength + chunk.ends.length * END_BYTES;
    if (bytes > this.#bytesMax) return;
    const entry = { chunk, bytes, key, among: own };
    const siblings = own.get(key) ?? new Set();
    own.set(key, siblings.add(entry));
    this.#entries.add(entry);
    this.#bytes += bytes;
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.bytes;
    const siblings = entry.among.get(entry.key);
    siblings?.delete(entry);
    if (siblings?.size === 0) entry.among.delete(entry.key);
  }
}
