/** A partner company as clients see it: never with its key. */

import * as v from "valibot";
import type { CompanyRow } from "./tables.ts";

export const COMPANY = v.object({
  id: v.pipe(v.string(), v.uuid()),
  name: v.string(),
  active: v.boolean(),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  activatedTickets: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

export type Company = v.InferOutput<typeof COMPANY>;

export function formatCompany(row: CompanyRow): Company {
  return {
    id: row.id,
    name: row.name,
    active: row.active === 1,
    createdAt: row.created_at,
    activatedTickets: row.activated,
  };
}
