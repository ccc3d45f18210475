/** Metadata (§5.5): what HEAD answers. Not a use of the stream: the sliding window goes on. */

import type { Lifetime } from "#protocol/expiry.ts";
import type { Position } from "#protocol/offset.ts";
import { accept, type Result } from "#protocol/refusal.ts";
import { expire } from "./remove.ts";
import { openStream, type Stream } from "./stream.ts";

export interface Description {
  readonly contentType: string;
  readonly tail: Position;
  readonly lifetime: Lifetime;
  readonly closed: boolean;
}

/** Describes the stream without reading it. */
export function describe(stream: Stream): Result<Description> {
  const opened = openStream(stream, expire);
  if (!opened.ok) return opened;
  const { record, tail } = opened.value;
  const { contentType, lifetime, state } = record;
  return accept({ contentType, tail, lifetime, closed: state === "closed" });
}
