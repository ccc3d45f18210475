/** What a stream's object answers to features: the calls that its class offers to Workers and Workflows. */

import type { FeatureRefusal } from "./refusal.ts";

/** Values travel as JSON text: it is what the stream and the stored answers hold anyway. */
export interface CommandRequest {
  readonly path: string;
  readonly command: string;
  readonly input: string;
  /** The client's `Idempotency-Key`, with what it was sent for. */
  readonly key: IdempotencyKey | undefined;
}

export interface IdempotencyKey {
  readonly key: string;
  /** A digest of the command and of what the client asked: the same key may not mean two things. */
  readonly fingerprint: string;
}

export interface QueryRequest {
  readonly path: string;
  readonly query: string;
  readonly input: string;
}

export type ObjectReply =
  | { readonly ok: true; readonly answer: string }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

export interface FeatureObject {
  runCommand(request: CommandRequest): Promise<ObjectReply>;
  runQuery(request: QueryRequest): Promise<ObjectReply>;
  /** Replays the stream from its first kept event into empty tables. Answers how many events there were. */
  rebuild(path: string): Promise<ObjectReply>;
}
