/** Metadata (§5.5): what HEAD answers. Not a use of the stream: the sliding window goes on. */

import type { Lifetime } from "#protocol/expiry.ts";
import type { Position } from "#protocol/offset.ts";
import type { Retention } from "#protocol/retention.ts";
import { accept, type Result } from "#protocol/refusal.ts";
import { expire } from "./remove.ts";
import { openStream, type Stream } from "./stream.ts";

export interface Description {
  readonly contentType: string;
  /** The first position that can be read. */
  readonly earliest: Position;
  readonly tail: Position;
  readonly lifetime: Lifetime;
  readonly retention: Retention | undefined;
  readonly closed: boolean;
}

/** Describes the stream without reading it. */
export function describe(stream: Stream): Result<Description> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { record, tail } = opened.value;
  const { contentType, lifetime, retention, state, base } = record;
  const closed = state === "closed";
  return accept({ contentType, earliest: base, tail, lifetime, retention, closed });
}
