/** What the comparison answers instead of what it was asked for; docs/errors.md says what to do. */

import type { FeatureRefusal } from "#features/refusal.ts";

export const COMPARISON_STATUS = {
  invalid_url: 400,
  ssrf_blocked: 400,
  comparison_not_found: 404,
  comparison_ended: 409,
} as const satisfies Record<string, number>;

export function comparisonRefusal(
  code: keyof typeof COMPARISON_STATUS,
  message: string,
): FeatureRefusal {
  return { status: COMPARISON_STATUS[code], code, message };
}

export const UNKNOWN_COMPARISON = comparisonRefusal(
  "comparison_not_found",
  "There is no such comparison: its id is wrong, or 50 newer ones of the same URLs have taken its place.",
);
