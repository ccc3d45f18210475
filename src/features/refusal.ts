/** What a feature answers instead of what it was asked for. Codes are stable; docs/errors.md lists them all. */

import { STATUS } from "#http/status.ts";
import type { Refusal } from "#protocol/refusal.ts";

/** Travels between objects as it is: a plain value with its status. */
export interface FeatureRefusal {
  readonly status: number;
  readonly code: string;
  /** What is wrong and, where it helps, what to do. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The codes of the kit itself, with their statuses. Each feature lists its own beside its commands. */
export const KIT_STATUS = {
  invalid_request: 400,
  invalid_idempotency_key: 400,
  token_missing: 401,
  token_invalid: 401,
  token_insufficient: 403,
  token_not_configured: 403,
  idempotency_key_reused: 409,
} as const satisfies Record<string, number>;

/** A refusal with one of the kit's codes. */
export function kitRefusal(
  code: keyof typeof KIT_STATUS,
  message: string,
  headers?: Readonly<Record<string, string>>,
): FeatureRefusal {
  return { status: KIT_STATUS[code], code, message, ...(headers === undefined ? {} : { headers }) };
}

/** A refusal of the engine, as a feature answers it. */
export function fromRefusal(refusal: Refusal): FeatureRefusal {
  const { code, message } = refusal;
  const headers =
    "retryAfterSeconds" in refusal
      ? { headers: { "Retry-After": String(refusal.retryAfterSeconds) } }
      : {};
  return { status: STATUS[code], code, message, ...headers };
}
