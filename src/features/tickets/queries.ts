/** What can be asked of a venue. Each answer costs the rows that it holds and no others. */

import type { Query } from "#features/command.ts";
import { formatCompany, type Company } from "./company.ts";
import type { CompanyRow, TotalsRow } from "./tables.ts";
import {
  findTicket,
  formatTicket,
  TICKET_COLUMNS,
  type NamedTicketRow,
  type Ticket,
} from "./ticket.ts";

/** How many hours the statistics go back. */
export const HOURS_MAX = 168;

export interface Stats {
  readonly totalTickets: number;
  readonly activatedTickets: number;
  readonly validatedTickets: number;
  readonly rejectedScans: number;
  /** How many tickets there are of each type. */
  readonly byType: Readonly<Record<string, number>>;
  /** How many tickets each company has activated, by its name. */
  readonly byCompany: Readonly<Record<string, number>>;
  /** The newest hours in which anything was scanned, oldest first. */
  readonly perHour: readonly Hour[];
}

export interface Hour {
  readonly hour: string;
  readonly validated: number;
  readonly rejected: number;
}

export interface List {
  readonly tickets: Ticket[];
  readonly total: number;
  readonly nextCursor?: string;
}

/** The ticket with a code, or null. */
export const checkTicket: Query<{ qrCode: string }, Ticket | null> = {
  name: "check_ticket",
  answer({ qrCode }, view) {
    const row = findTicket(view, qrCode);
    return row === undefined ? null : formatTicket(row);
  },
};

/** Numbers that every command has kept. */
export const readStats: Query<null, Stats> = {
  name: "read_stats",
  answer(_, view) {
    const [totals] = view.rows<TotalsRow>("SELECT * FROM tickets_totals");
    const types = view.rows<{ type: string; total: number }>("SELECT * FROM tickets_types");
    const companies = view.rows<CompanyRow>("SELECT * FROM tickets_companies ORDER BY name");
    const hours = view.rows<{ hour: string; validated: number; rejected: number }>(
      "SELECT * FROM tickets_hours ORDER BY hour DESC LIMIT ?",
      HOURS_MAX,
    );
    return {
      totalTickets: totals?.total ?? 0,
      activatedTickets: totals?.activated ?? 0,
      validatedTickets: totals?.validated ?? 0,
      rejectedScans: totals?.rejected ?? 0,
      byType: Object.fromEntries(types.map(({ type, total }) => [type, total])),
      byCompany: Object.fromEntries(companies.map(({ name, activated }) => [name, activated])),
      perHour: hours.toReversed(),
    };
  },
};

/** Tickets in the order of their creation, after a cursor. */
export const listTickets: Query<{ after: number; limit: number }, List> = {
  name: "list_tickets",
  answer({ after, limit }, view) {
    const [totals] = view.rows<TotalsRow>("SELECT * FROM tickets_totals");
    const found = view.rows<NamedTicketRow>(
      `SELECT ${TICKET_COLUMNS} FROM tickets_codes AS t WHERE n > ? ORDER BY n LIMIT ?`,
      after,
      limit + 1,
    );
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      tickets: page.map(formatTicket),
      total: totals?.total ?? 0,
      ...(last === undefined ? {} : { nextCursor: String(last.n) }),
    };
  },
};

/** All companies in the order of their creation. */
export const listCompanies: Query<null, Company[]> = {
  name: "list_companies",
  answer: (_, view) =>
    view.rows<CompanyRow>("SELECT * FROM tickets_companies ORDER BY n").map(formatCompany),
};
