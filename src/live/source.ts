/** What a live reader is given: committed pages, and word of changes. */

import type { Position } from "#protocol/offset.ts";
import type { Page } from "#protocol/page.ts";
import type { Result } from "#protocol/refusal.ts";
import type { Waiters } from "./waiters.ts";

export interface LiveSource {
  readonly waiters: Waiters;
  /** The page from a position on, of bytes that are durable; never waits for data. */
  read(from: Position): Promise<Result<Page>>;
  /** Milliseconds since 1970. */
  now(): number;
}
