/** Partner companies: created with a key, given a new one, deactivated. */

import type { Command, View } from "#features/command.ts";
import type { TicketEvent } from "./events.ts";
import { formatCompany, type Company } from "./company.ts";
import { refuseTicket } from "./refusal.ts";
import type { CompanyRow } from "./tables.ts";
import { refuseUnknownCompany } from "./ticket-commands.ts";

/** The companies of a venue, deactivated ones included: they are listed whole. */
export const COMPANIES_MAX = 1_000;

/** A key that the Worker has made: what it can be checked by, and what makes it once more for a repeated request. */
export interface MintedKey {
  readonly keyHash: string;
  readonly salt: string;
}

/** The answer of a command that minted a key. The route makes the key of the salt, and does not pass that on. */
export interface WithKey {
  readonly company: Company;
  readonly salt: string;
}

/** Adds a company. Names are unique without regard to case, and never free again: tickets are known by them. */
export const createCompany: Command<MintedKey & { name: string }, WithKey, TicketEvent> = {
  name: "create_company",
  decide({ name, keyHash, salt }, view, { nowMs, newId }) {
    const byName = "SELECT * FROM tickets_companies WHERE name = ?";
    if (view.rows<CompanyRow>(byName, name).length > 0) {
      return refuseTicket(
        "company_exists",
        `There is a company called ${name}: choose another name.`,
      );
    }
    const counted = view.rows<{ n: number }>("SELECT count(*) AS n FROM tickets_companies");
    if ((counted[0]?.n ?? 0) >= COMPANIES_MAX) {
      const message = `A venue has at most ${COMPANIES_MAX} companies: use another venue.`;
      return refuseTicket("too_many_companies", message);
    }
    const at = new Date(nowMs).toISOString();
    const id = newId();
    const company = { id, name, active: true, createdAt: at, activatedTickets: 0 };
    const event = { type: "company.created", at, id, name, keyHash } as const;
    return { ok: true, events: [event], answer: { company, salt } };
  },
};

/** Gives a company a new key; the old one is worth nothing from then on. */
export const rotateKey: Command<MintedKey & { id: string }, WithKey, TicketEvent> = {
  name: "rotate_key",
  decide({ id, keyHash, salt }, view, { nowMs }) {
    const company = findCompany(view, id);
    if (company === undefined) return refuseUnknownCompany();
    if (company.active === 0) {
      const message = `${company.name} is deactivated: create another company.`;
      return refuseTicket("company_deactivated", message);
    }
    const at = new Date(nowMs).toISOString();
    const event = { type: "company.key_rotated", at, id, keyHash } as const;
    return { ok: true, events: [event], answer: { company: formatCompany(company), salt } };
  },
};

/** Ends a company's key. Its tickets stay as they are. Doing it again changes nothing. */
export const deactivateCompany: Command<{ id: string }, null, TicketEvent> = {
  name: "deactivate_company",
  decide({ id }, view, { nowMs }) {
    const company = findCompany(view, id);
    if (company === undefined) return refuseUnknownCompany();
    const at = new Date(nowMs).toISOString();
    const events = company.active === 0 ? [] : [{ type: "company.deactivated", at, id } as const];
    return { ok: true, events, answer: null };
  },
};

function findCompany(view: View, id: string): CompanyRow | undefined {
  return view.rows<CompanyRow>("SELECT * FROM tickets_companies WHERE id = ?", id)[0];
}
