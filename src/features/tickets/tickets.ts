/**
 * The ticket system: a house sells tickets as QR codes, partner companies activate them, scanners at the door validate
 * them. One stream per venue, `tickets/{venue}`.
 */

import type { Feature } from "#features/feature.ts";
import { openAccess } from "./access.ts";
import { createCompany, deactivateCompany, rotateKey } from "./company-commands.ts";
import { companyRoutes } from "./company-routes.ts";
import type { TicketEvent } from "./events.ts";
import { checkTicket, listCompanies, listTickets, readStats } from "./queries.ts";
import type { TicketSettings } from "./settings.ts";
import { project, TABLES } from "./tables.ts";
import {
  activateTicket,
  createTickets,
  deleteCompanyTickets,
  deleteTicket,
  validateTicket,
} from "./ticket-commands.ts";
import { houseRoutes, stepRoutes, ticketQueryRoutes } from "./ticket-routes.ts";
import { FEATURE_NAME } from "./venue.ts";

export const tickets: Feature<TicketSettings, TicketEvent> = {
  name: FEATURE_NAME,
  version: 1,
  tables: TABLES,
  commands: [
    createTickets,
    activateTicket,
    validateTicket,
    deleteTicket,
    deleteCompanyTickets,
    createCompany,
    rotateKey,
    deactivateCompany,
  ],
  queries: [checkTicket, readStats, listTickets, listCompanies],
  project,
  commandRoute: "POST /api/tickets",
  routes(settings) {
    const access = openAccess(settings);
    // The first prefix is the venue `main`.
    return ["/api", "/api/venues/{venue}"].flatMap((prefix) => [
      ...ticketQueryRoutes(prefix, access),
      ...stepRoutes(prefix, access),
      ...houseRoutes(prefix, settings, access),
      ...companyRoutes(prefix, settings, access),
    ]);
  },
};
