/** The codes of the ticket system, with their statuses. */

import type { FeatureRefusal } from "#features/refusal.ts";

export const TICKETS_STATUS = {
  company_key_invalid: 401,
  ticket_not_found: 404,
  company_not_found: 404,
  ticket_already_activated: 409,
  company_exists: 409,
  company_deactivated: 409,
  too_many_companies: 409,
} as const satisfies Record<string, number>;

/** A refusal, as a decision and as an outcome. */
export function refuseTicket(
  code: keyof typeof TICKETS_STATUS,
  message: string,
): { readonly ok: false; readonly refusal: FeatureRefusal } {
  return { ok: false, refusal: { status: TICKETS_STATUS[code], code, message } };
}
