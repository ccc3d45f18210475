/** What a live reader is given: committed pages, and word of changes. */

import type { Bounds } from "#protocol/bounds.ts";
import type { Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import type { Result } from "#protocol/refusal.ts";
import type { Room } from "./room.ts";
import type { Waiters } from "./waiters.ts";

export interface LiveSource {
  readonly waiters: Waiters;
  /** For what is read and not sent yet. */
  readonly room: Room;
  /** The most bytes that the page at a position can have by now. */
  bytesAfter(from: Position): number;
  /**
   * The page from a position on, of bytes that are durable; never waits for data. A store that fails is a refusal: an
   * answer that has begun can only end, and must not take along what was written already.
   */
  read(from: Position, bounds?: Bounds): Promise<Result<Page>>;
  /** Milliseconds since 1970. */
  now(): number;
}
