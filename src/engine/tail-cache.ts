/** The newest bytes of a stream, in memory: readers at the tail touch no database. */

import type { StreamKind } from "#protocol/content-type.ts";
import { chunkEnd, findFrame, payloadBytes, sliceFrom, type Chunk } from "#protocol/frames.ts";
import { TAIL_BYTES_MAX, TAIL_CHUNKS_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";

/** Consecutive chunks that end at the tail. What was pushed is never changed, only forgotten from the front. */
export class TailCache {
  /** Those before `#first` are dropped: their places are empty, so that their bytes are held by nobody. */
  #chunks: (Chunk | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #start: Position;
  #tail: Position;

  constructor(tail: Position) {
    this.#start = tail;
    this.#tail = tail;
  }

  /** The first position that is held; the tail when nothing is. */
  get start(): Position {
    return this.#start;
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.payload.length;
    this.#tail = chunkEnd(chunk);
    while (this.#bytes > TAIL_BYTES_MAX || this.#chunks.length - this.#first > TAIL_CHUNKS_MAX) {
      const dropped = this.#chunks[this.#first];
      if (dropped === undefined) break;
      this.#chunks[this.#first] = undefined;
      this.#first += 1;
      this.#bytes -= dropped.payload.length;
      this.#start = chunkEnd(dropped);
    }
    // The places go in bulk: removing from the front of an array costs its length.
    if (this.#first > 1_024 && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }

  /**
   * Takes what a read has found from some position to the tail, if that is more than what is held: an object that
   * was asleep need not ask a store for it again. The bytes are copied, so that they keep no larger buffer alive.
   */
  adopt(chunks: readonly Chunk[]): void {
    const [first] = chunks;
    const last = chunks.at(-1);
    if (first === undefined || last === undefined || first.start.byte >= this.#start.byte) return;
    if (chunkEnd(last).byte !== this.#tail.byte || payloadBytes(chunks) > TAIL_BYTES_MAX) return;
    this.#chunks = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#start = first.start;
    for (const chunk of chunks) this.push({ ...chunk, payload: chunk.payload.slice() });
  }

  /** The frames from a position on, until they hold at least `bytesMax`; none when the position is not held. */
  read(from: Position, kind: StreamKind, bytesMax: number): Chunk[] {
    const index = this.#find(({ start }) => start.byte <= from.byte);
    const chunk = this.#chunks[index];
    const part = chunk === undefined ? undefined : sliceFrom(chunk, from, kind);
    if (part === undefined) return [];
    const found = [part];
    let bytes = part.payload.length;
    for (let i = index + 1; bytes < bytesMax; i++) {
      const next = this.#chunks[i];
      if (next === undefined) break;
      found.push(next);
      bytes += next.payload.length;
    }
    return found;
  }

  /**
   * Where the frame with a number begins; undefined when it is not held, or is the first, of which a part may be held.
   */
  locate(seq: number): Position | undefined {
    const chunk = this.#chunks[this.#find(({ start }) => start.seq <= seq)];
    const position = chunk === undefined ? undefined : findFrame(chunk, seq);
    return position?.byte === this.#start.byte ? undefined : position;
  }

  /** The index of the last chunk that begins early enough; before the first that is held when none does. */
  #find(isEarly: (chunk: Chunk) => boolean): number {
    let low = this.#first;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle];
      if (chunk === undefined || isEarly(chunk)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
