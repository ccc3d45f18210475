/**
 * Refusals: what a client can be told instead of what it asked for. Each is a value with the data its answer needs;
 * http/respond.ts alone knows the statuses, and docs/errors.md is checked against this list.
 */

import type { Position } from "./offset.ts";
import type { ProducerState } from "./producer.ts";

export type Refusal =
  | Plain<
      | "aborted_body"
      | "admin_disabled"
      | "conflicting_expiry"
      | "conflicting_if_match"
      | "content_length_mismatch"
      | "content_type_missing"
      | "empty_array"
      | "empty_body"
      | "export_unsupported"
      | "fork_too_deep"
      | "import_expired"
      | "invalid_content_type"
      | "invalid_cursor"
      | "invalid_expires_at"
      | "invalid_fork_offset"
      | "invalid_fork_source"
      | "invalid_fork_sub_offset"
      | "invalid_if_match"
      | "invalid_import"
      | "invalid_json"
      | "invalid_last"
      | "invalid_limit"
      | "invalid_live_mode"
      | "invalid_offset"
      | "invalid_path"
      | "invalid_prefix"
      | "invalid_producer"
      | "invalid_query"
      | "invalid_retention"
      | "invalid_stream_seq"
      | "invalid_ttl"
      | "offset_missing"
      | "producer_epoch_start"
      | "stream_not_found"
      | "source_not_found"
      | "not_found"
      | "content_type_mismatch"
      | "stream_exists"
      | "path_blocked"
      | "source_deleted"
      | "stream_seq_conflict"
      | "stream_deleted"
      | "body_too_large"
      | "body_too_slow"
      | "unauthorized"
      | "message_too_large"
    >
  | (Plain<"method_not_allowed"> & { readonly allow: string })
  | (Plain<"stream_closed"> & { readonly tail: Position; readonly producer?: ProducerState })
  | (Plain<"import_conflict"> & { readonly at: Position | undefined })
  | (Plain<"precondition_failed"> & { readonly tail: Position })
  | (Plain<"producer_fenced"> & { readonly epoch: number })
  | (Plain<"producer_gap"> & { readonly expectedSeq: number; readonly receivedSeq: number })
  | (Plain<"offset_gone"> & { readonly earliest: Position })
  | (Plain<"busy" | "journal_full" | "unavailable" | "outcome_unknown"> & {
      readonly retryAfterSeconds: number;
    })
  | Plain<"misconfigured">;

export type RefusalCode = Refusal["code"];

interface Plain<Code extends string> {
  readonly code: Code;
  /** One sentence for the person who reads the answer: what is wrong and, where it helps, what to do. */
  readonly message: string;
}

/** A value, or why there is none. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

export function accept<Value>(value: Value): Result<Value> {
  return { ok: true, value };
}

export function refuse(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}
