/**
 * Segments that were looked up lately. A segment never changes, so that a reader who goes through it page by page
 * asks D1 once for each.
 */

import type { Position } from "#protocol/offset.ts";
import type { Segment } from "#storage/contract.ts";

// Each has a mark for every 64 KiB: some 20 KB at most.
const SEGMENTS_MAX = 8;

export class KnownSegments {
  /** The least recently used first. */
  readonly #segments = new Map<string, { readonly streamId: string; readonly segment: Segment }>();

  /** The segment of a stream that holds a position, if it is known. */
  find(streamId: string, at: Position): Segment | undefined {
    for (const [key, known] of this.#segments) {
      const { start, end } = known.segment;
      if (known.streamId !== streamId || at.byte < start.byte || at.byte >= end.byte) continue;
      this.#segments.delete(key);
      this.#segments.set(key, known);
      return known.segment;
    }
    return undefined;
  }

  add(streamId: string, segment: Segment): void {
    this.#segments.set(segment.key, { streamId, segment });
    const [oldest] = this.#segments.keys();
    if (this.#segments.size > SEGMENTS_MAX && oldest !== undefined) this.#segments.delete(oldest);
  }

  /** Forgets a segment that is not there any more. */
  drop({ key }: Segment): void {
    this.#segments.delete(key);
  }
}
