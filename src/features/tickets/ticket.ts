/** A ticket as clients see it. */

import * as v from "valibot";
import type { View } from "#features/command.ts";
import type { TicketRow } from "./tables.ts";

const TIME = v.pipe(v.string(), v.isoTimestamp());

export const TICKET = v.object({
  id: v.pipe(v.string(), v.uuid()),
  qrCode: v.string(),
  ticketType: v.string(),
  purchaseDate: TIME,
  activated: v.boolean(),
  /** The name of the company that activated it. */
  activatedBy: v.optional(v.string()),
  activatedAt: v.optional(TIME),
  validated: v.boolean(),
  validatedAt: v.optional(TIME),
  lastScanned: v.optional(TIME),
  checkInCount: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1)),
});

export type Ticket = v.InferOutput<typeof TICKET>;

/** The columns of a ticket with the name of its company. */
export const TICKET_COLUMNS =
  "t.*, (SELECT name FROM tickets_companies WHERE id = t.company_id) AS company";

export type NamedTicketRow = TicketRow & { company: string | null };

/** The ticket with a code, if there is one. */
export function findTicket(view: View, qrCode: string): NamedTicketRow | undefined {
  const query = `SELECT ${TICKET_COLUMNS} FROM tickets_codes AS t WHERE qr_code = ?`;
  return view.rows<NamedTicketRow>(query, qrCode)[0];
}

export function formatTicket(row: NamedTicketRow): Ticket {
  return {
    id: row.id,
    qrCode: row.qr_code,
    ticketType: row.type,
    purchaseDate: row.created_at,
    activated: row.activated_at !== null,
    ...(row.company === null ? {} : { activatedBy: row.company }),
    ...(row.activated_at === null ? {} : { activatedAt: row.activated_at }),
    validated: row.validated_at !== null,
    ...(row.validated_at === null ? {} : { validatedAt: row.validated_at }),
    ...(row.scanned_at === null ? {} : { lastScanned: row.scanned_at }),
    checkInCount: row.validated_at === null ? 0 : 1,
  };
}
