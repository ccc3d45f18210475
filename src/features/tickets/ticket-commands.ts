/** What happens to tickets: created, activated once, validated once, deleted. */

import type { Command, Decision } from "#features/command.ts";
import type { RejectReason, TicketEvent } from "./events.ts";
import { refuseTicket } from "./refusal.ts";
import type { CompanyRow, TicketRow } from "./tables.ts";
import { findTicket, formatTicket, type Ticket } from "./ticket.ts";

/** How many tickets one command creates at most. */
export const QUANTITY_MAX = 100;
/** How many tickets one command deletes at most: its events are one append, and the object does nothing else. */
export const DELETED_MAX = 1_000;

export interface CreateTickets {
  readonly ticketType: string;
  readonly quantity: number;
  readonly prefix: string;
}

/** Creates tickets, all of them in one append. */
export const createTickets: Command<CreateTickets, { tickets: Ticket[] }, TicketEvent> = {
  name: "create_tickets",
  decide({ ticketType, quantity, prefix }, _view, { nowMs, newId }) {
    const at = new Date(nowMs).toISOString();
    const created = Array.from({ length: quantity }, () => ({
      type: "ticket.created" as const,
      at,
      id: newId(),
      // Not the ticket's id: who has seen one does not know the other.
      qrCode: `${prefix}-${newId().toUpperCase()}`,
      ticketType,
    }));
    const tickets = created.map(({ id, qrCode }) => ({
      id,
      qrCode,
      ticketType,
      purchaseDate: at,
      activated: false,
      validated: false,
      checkInCount: 0,
    }));
    return { ok: true, events: created, answer: { tickets } };
  },
};

export interface ActivateTicket {
  readonly qrCode: string;
  /** SHA-256 of the company's key, in hex. */
  readonly keyHash: string;
}

/** Activates a ticket for the company whose key it is. The key is looked at before the code. */
export const activateTicket: Command<ActivateTicket, { ticket: Ticket }, TicketEvent> = {
  name: "activate_ticket",
  decide({ qrCode, keyHash }, view, { nowMs }) {
    const byKey = "SELECT * FROM tickets_companies WHERE key_hash = ? AND active = 1";
    const [company] = view.rows<CompanyRow>(byKey, keyHash);
    if (company === undefined) {
      return refuseTicket(
        "company_key_invalid",
        "This is not the key of an active company: ask the house for a new one.",
      );
    }
    const row = findTicket(view, qrCode);
    if (row === undefined) return refuseUnknown();
    if (row.activated_at !== null) {
      return refuseTicket(
        "ticket_already_activated",
        `${row.company} activated this ticket at ${row.activated_at}: it cannot be activated again.`,
      );
    }
    const at = new Date(nowMs).toISOString();
    const { id: companyId, name } = company;
    const ticket = formatTicket({ ...row, company: name, activated_at: at });
    const event = { type: "ticket.activated", at, qrCode, companyId, company: name } as const;
    return { ok: true, events: [event], answer: { ticket } };
  },
};

export interface ValidateTicket {
  readonly qrCode: string;
  readonly scannerLocation?: string | undefined;
}

export type Validation =
  | { valid: true; ticket: Ticket }
  | { valid: false; reason: RejectReason; usedAt?: string };

/** Lets a ticket in, once. A scan that lets nobody in is an event as well. */
export const validateTicket: Command<ValidateTicket, Validation, TicketEvent> = {
  name: "validate_ticket",
  decide({ qrCode, scannerLocation }, view, { nowMs }) {
    const row = findTicket(view, qrCode);
    if (row === undefined) return refuseUnknown();
    const scan = {
      at: new Date(nowMs).toISOString(),
      qrCode,
      ...(scannerLocation === undefined ? {} : { scannerLocation }),
    };
    if (row.activated_at === null) return reject(scan, "not_activated");
    if (row.validated_at !== null) return reject(scan, "duplicate", row.validated_at);
    const ticket = formatTicket({ ...row, validated_at: scan.at, scanned_at: scan.at });
    return {
      ok: true,
      events: [{ type: "ticket.validated", ...scan }],
      answer: { valid: true, ticket },
    };
  },
};

interface Scan {
  readonly at: string;
  readonly qrCode: string;
  readonly scannerLocation?: string;
}

function reject(
  scan: Scan,
  reason: RejectReason,
  usedAt?: string,
): Decision<TicketEvent, Validation> {
  return {
    ok: true,
    events: [{ type: "ticket.scan_rejected", ...scan, reason }],
    answer: { valid: false, reason, ...(usedAt === undefined ? {} : { usedAt }) },
  };
}

/** Deletes a ticket, whatever its state. What happened to it stays in the stream. */
export const deleteTicket: Command<{ qrCode: string }, null, TicketEvent> = {
  name: "delete_ticket",
  decide({ qrCode }, view, { nowMs }) {
    if (findTicket(view, qrCode) === undefined) return refuseUnknown();
    const at = new Date(nowMs).toISOString();
    return { ok: true, events: [{ type: "ticket.deleted", at, qrCode }], answer: null };
  },
};

/** Deletes tickets that a company activated, the oldest first, at most {@link DELETED_MAX} of them. */
export const deleteCompanyTickets: Command<
  { companyId: string },
  { count: number; more: boolean },
  TicketEvent
> = {
  name: "delete_company_tickets",
  decide({ companyId }, view, { nowMs }) {
    const [company] = view.rows<CompanyRow>(
      "SELECT * FROM tickets_companies WHERE id = ?",
      companyId,
    );
    if (company === undefined) return refuseUnknownCompany();
    const at = new Date(nowMs).toISOString();
    const found = view.rows<Pick<TicketRow, "qr_code">>(
      "SELECT qr_code FROM tickets_codes WHERE company_id = ? ORDER BY n LIMIT ?",
      companyId,
      DELETED_MAX + 1,
    );
    const deleted = found.slice(0, DELETED_MAX);
    const events = deleted.map(
      ({ qr_code: qrCode }) => ({ type: "ticket.deleted", at, qrCode }) as const,
    );
    const answer = { count: deleted.length, more: found.length > DELETED_MAX };
    return { ok: true, events, answer };
  },
};

export function refuseUnknown() {
  return refuseTicket("ticket_not_found", "There is no ticket with this code in this venue.");
}

export function refuseUnknownCompany() {
  return refuseTicket("company_not_found", "There is no company with this id in this venue.");
}
