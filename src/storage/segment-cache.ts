/**
 * What was read of segments lately, in memory: the next page, and the next reader of the same history, cost no request
 * to R2.
 *
 * Objects that run in one isolate share its memory, and so one bound; what each has read is its own. A segment never
 * changes, so that nothing here is ever wrong: whoever asks for it knows from elsewhere that it is still there.
 */

import { chunkEnd, sliceFrom, takeFrames, type Chunk } from "#protocol/frames.ts";
import { SEGMENT_PAGE_BYTES, SEGMENT_PAGE_BYTES_MIN } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import type { Segment, Segments } from "./contract.ts";
import { intervalsOf } from "./segments.ts";

/** What the runtime keeps for a number in an array, at most. */
const END_BYTES = 8;

interface Entry {
  readonly chunk: Chunk;
  /** All that it keeps in memory. */
  readonly bytes: number;
  readonly key: string;
  readonly owner: Owner;
}

/** What one object has read. */
interface Owner {
  readonly segments: Segments;
  /** By the key of their segment. */
  readonly entries: Map<string, Set<Entry>>;
  /** What R2 has been asked for: who wants the same waits for it. */
  readonly coming: Map<string, Promise<Chunk[]>>;
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

  /**
   * The same segments, whose reads are remembered. A read gives just what it would give without: an answer does not
   * depend on who has read before, and neither does its ETag.
   */
  open(segments: Segments): Segments {
    const owner = { segments, entries: new Map(), coming: new Map() };
    return { ...segments, read: (...question) => this.#read(owner, ...question) };
  }

  async #read(owner: Owner, ...question: Parameters<Segments["read"]>): Promise<Chunk[]> {
    const [segment, from, kind, bytesMax] = question;
    const bytes = wholeBytes(segment, from, bytesMax);
    const known = this.#find(owner, segment, from, bytes);
    const part = known && sliceFrom(known, from, kind, bytes);
    if (part !== undefined) return [part];
    const chunks = await this.#fetch(owner, ...question);
    return chunks.map((chunk) => takeFrames(chunk, bytes));
  }

  /** Asks R2, for what follows a page as well: a request costs more than what it gives. */
  #fetch(owner: Owner, ...question: Parameters<Segments["read"]>): Promise<Chunk[]> {
    const [segment, from, kind, bytesMax] = question;
    const isPage = bytesMax >= SEGMENT_PAGE_BYTES_MIN;
    const bytes = isPage ? bytesMax + SEGMENT_PAGE_BYTES + SEGMENT_PAGE_BYTES_MIN : bytesMax;
    const name = `${segment.key} ${from.byte} ${bytes}`;
    const asked = owner.coming.get(name);
    if (asked !== undefined) return asked;
    const coming = owner.segments
      .read(segment, from, kind, bytes)
      .then((chunks) => {
        for (const chunk of chunks) this.#add(owner, segment.key, chunk);
        return chunks;
      })
      .finally(() => owner.coming.delete(name));
    owner.coming.set(name, coming);
    return coming;
  }

  #find(owner: Owner, { key }: Segment, from: Position, bytes: number): Chunk | undefined {
    for (const entry of owner.entries.get(key) ?? []) {
      const { chunk } = entry;
      if (from.byte < chunk.start.byte || chunkEnd(chunk).byte - from.byte < bytes) continue;
      this.#entries.delete(entry);
      this.#entries.add(entry);
      return chunk;
    }
    return undefined;
  }

  #add(owner: Owner, key: string, chunk: Chunk): void {
    const bytes = chunk.payload.buffer.byteLength + chunk.ends.length * END_BYTES;
    if (bytes > this.#bytesMax) return;
    for (const other of owner.entries.get(key) ?? []) {
      if (includes(chunk, other.chunk)) this.#drop(other);
    }
    const entry = { chunk, bytes, key, owner };
    const siblings = owner.entries.get(key) ?? new Set();
    owner.entries.set(key, siblings.add(entry));
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
    const siblings = entry.owner.entries.get(entry.key);
    siblings?.delete(entry);
    if (siblings?.size === 0) entry.owner.entries.delete(entry.key);
  }
}

/** What a read of R2 gives, which stops at marks only. */
function wholeBytes(segment: Segment, from: Position, bytesMax: number): number {
  const last = intervalsOf(segment, from, bytesMax).at(-1);
  return last === undefined ? 0 : last.end.byte - from.byte;
}

function includes(chunk: Chunk, other: Chunk): boolean {
  return other.start.byte >= chunk.start.byte && chunkEnd(other).byte <= chunkEnd(chunk).byte;
}
