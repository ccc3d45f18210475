/** What one read found: the value that catch-up, long-poll and SSE all answer from (§5.6 to §5.8). */

import type { StreamKind } from "./content-type.ts";
import type { Lifetime } from "./expiry.ts";
import type { Chunk } from "./frames.ts";
import type { Position } from "./offset.ts";

export interface Page {
  readonly streamId: string;
  readonly contentType: string;
  readonly kind: StreamKind;
  readonly lifetime: Lifetime;
  /** Where the answer begins: the request's offset with `-1` and `now` resolved. */
  readonly from: Position;
  /** Where the next read goes on. */
  readonly next: Position;
  /** Consecutive frames from `from` to `next`; none at the tail. */
  readonly chunks: readonly Chunk[];
  /** Whether `next` was the tail when the answer was made. */
  readonly upToDate: boolean;
  /** Whether the stream is closed and `next` is its end: the end-of-stream signal. */
  readonly closed: boolean;
}
