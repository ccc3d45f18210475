/** What objects of different paths say to each other about forks (§4.2). Plain values cross, both ways. */

import type { Lifetime } from "#protocol/expiry.ts";
import type { Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { Result } from "#protocol/refusal.ts";
import type { Ancestor } from "#storage/contract.ts";

export interface ForkRequest {
  readonly forkId: string;
  readonly forkPath: StreamPath;
  /** Undefined inherits the source's. */
  readonly contentType: string | undefined;
  /** `now` is the source's tail. */
  readonly anchor: Position | undefined;
  /** Messages (JSON) or bytes (otherwise) to inherit past the anchor. */
  readonly subOffset: number;
}

/** What a fork must know of its source to live without it. */
export interface ForkGrant {
  readonly sourceId: string;
  readonly contentType: string;
  readonly lifetime: Lifetime;
  readonly base: Position;
  readonly anchor: Position;
  /** Where the fork's own frames begin. */
  readonly point: Position;
  readonly lineage: readonly Ancestor[];
}

/** The objects of other paths. Every call throws StorageFault when the other object does not answer. */
export interface ForkPeers {
  acquire(source: StreamPath, request: ForkRequest): Promise<Result<ForkGrant>>;
  release(source: StreamPath, sourceId: string | undefined, forkId: string): Promise<void>;
  /** Whether a fork is there, is being made, or has still to be released. Once false, it is false for ever. */
  holds(fork: StreamPath, forkId: string): Promise<boolean>;
}
