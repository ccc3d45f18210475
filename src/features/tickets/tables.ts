/**
 * The tables of a venue, and how its events change them.
 *
 * Every number that is asked for is kept, never counted: what an event costs does not grow with the venue.
 */

import type { Tables } from "#features/command.ts";
import type { Position } from "#protocol/offset.ts";
import type { TicketEvent } from "./events.ts";

/** A row for each ticket, by the position of its creation: the order of the list. */
export type TicketRow = {
  n: number;
  qr_code: string;
  id: string;
  type: string;
  created_at: string;
  company_id: string | null;
  activated_at: string | null;
  validated_at: string | null;
  scanned_at: string | null;
};

export type CompanyRow = {
  id: string;
  n: number;
  name: string;
  key_hash: string;
  active: number;
  created_at: string;
  /** Its tickets: activated by it and not deleted. */
  activated: number;
};

/** One row. Tickets that are deleted are no longer in the first three; rejected scans stay. */
export type TotalsRow = { total: number; activated: number; validated: number; rejected: number };

export const TABLES = {
  tickets_codes: `
    CREATE TABLE tickets_codes (n INTEGER PRIMARY KEY, qr_code TEXT NOT NULL UNIQUE, id TEXT NOT NULL,
      type TEXT NOT NULL, created_at TEXT NOT NULL, company_id TEXT, activated_at TEXT, validated_at TEXT,
      scanned_at TEXT);
    CREATE INDEX tickets_codes_company ON tickets_codes (company_id, n) WHERE company_id IS NOT NULL`,
  tickets_companies: `
    CREATE TABLE tickets_companies (id TEXT PRIMARY KEY, n INTEGER NOT NULL, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
      key_hash TEXT NOT NULL UNIQUE, active INTEGER NOT NULL, created_at TEXT NOT NULL, activated INTEGER NOT NULL)
    WITHOUT ROWID`,
  tickets_totals: `
    CREATE TABLE tickets_totals (key INTEGER PRIMARY KEY CHECK (key = 1), total INTEGER NOT NULL,
      activated INTEGER NOT NULL, validated INTEGER NOT NULL, rejected INTEGER NOT NULL)`,
  tickets_types: `
    CREATE TABLE tickets_types (type TEXT PRIMARY KEY, total INTEGER NOT NULL) WITHOUT ROWID`,
  tickets_hours: `
    CREATE TABLE tickets_hours (hour TEXT PRIMARY KEY, validated INTEGER NOT NULL, rejected INTEGER NOT NULL)
    WITHOUT ROWID`,
} as const;

/** Follows one event in the tables. */
export function project(event: TicketEvent, { seq }: Position, tables: Tables): void {
  switch (event.type) {
    case "ticket.created":
      tables.run(
        "INSERT INTO tickets_codes (n, qr_code, id, type, created_at) VALUES (?, ?, ?, ?, ?)",
        seq,
        event.qrCode,
        event.id,
        event.ticketType,
        event.at,
      );
      addTotals(tables, { total: 1 });
      addType(tables, event.ticketType, 1);
      break;
    case "ticket.activated":
      tables.run(
        "UPDATE tickets_codes SET company_id = ?, activated_at = ? WHERE qr_code = ?",
        event.companyId,
        event.at,
        event.qrCode,
      );
      addTotals(tables, { activated: 1 });
      addActivated(tables, event.companyId, 1);
      break;
    case "ticket.validated":
      tables.run(
        "UPDATE tickets_codes SET validated_at = ?1, scanned_at = ?1 WHERE qr_code = ?2",
        event.at,
        event.qrCode,
      );
      addTotals(tables, { validated: 1 });
      addHour(tables, event.at, 1, 0);
      break;
    case "ticket.scan_rejected":
      tables.run(
        "UPDATE tickets_codes SET scanned_at = ? WHERE qr_code = ?",
        event.at,
        event.qrCode,
      );
      addTotals(tables, { rejected: 1 });
      addHour(tables, event.at, 0, 1);
      break;
    case "ticket.deleted":
      deleteTicket(tables, event.qrCode);
      break;
    default:
      projectCompany(event, seq, tables);
  }
}

type CompanyEvent = Extract<TicketEvent, { type: `company.${string}` }>;

function projectCompany(event: CompanyEvent, seq: number, tables: Tables): void {
  switch (event.type) {
    case "company.created":
      tables.run(
        "INSERT INTO tickets_companies VALUES (?, ?, ?, ?, 1, ?, 0)",
        event.id,
        seq,
        event.name,
        event.keyHash,
        event.at,
      );
      break;
    case "company.key_rotated":
      tables.run("UPDATE tickets_companies SET key_hash = ? WHERE id = ?", event.keyHash, event.id);
      break;
    case "company.deactivated":
      tables.run("UPDATE tickets_companies SET active = 0 WHERE id = ?", event.id);
      break;
  }
}

function deleteTicket(tables: Tables, qrCode: string): void {
  const [ticket] = tables.rows<TicketRow>("SELECT * FROM tickets_codes WHERE qr_code = ?", qrCode);
  if (ticket === undefined) return;
  const { n, type, company_id: companyId, validated_at: validatedAt } = ticket;
  tables.run("DELETE FROM tickets_codes WHERE n = ?", n);
  const activated = companyId === null ? 0 : -1;
  addTotals(tables, { total: -1, activated, validated: validatedAt === null ? 0 : -1 });
  addType(tables, type, -1);
  if (companyId !== null) addActivated(tables, companyId, -1);
}

function addTotals(tables: Tables, change: Partial<TotalsRow>): void {
  const { total = 0, activated = 0, validated = 0, rejected = 0 } = change;
  tables.run(
    `INSERT INTO tickets_totals VALUES (1, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET total = total + excluded.total,
       activated = activated + excluded.activated, validated = validated + excluded.validated,
       rejected = rejected + excluded.rejected`,
    total,
    activated,
    validated,
    rejected,
  );
}

function addType(tables: Tables, type: string, change: number): void {
  tables.run(
    "INSERT INTO tickets_types VALUES (?, ?) ON CONFLICT (type) DO UPDATE SET total = total + excluded.total",
    type,
    change,
  );
}

function addActivated(tables: Tables, companyId: string, change: number): void {
  const statement = "UPDATE tickets_companies SET activated = activated + ? WHERE id = ?";
  tables.run(statement, change, companyId);
}

function addHour(tables: Tables, at: string, validated: number, rejected: number): void {
  tables.run(
    `INSERT INTO tickets_hours VALUES (?, ?, ?) ON CONFLICT (hour) DO UPDATE SET
       validated = validated + excluded.validated, rejected = rejected + excluded.rejected`,
    `${at.slice(0, "2026-01-01T00".length)}:00:00.000Z`,
    validated,
    rejected,
  );
}
