/** Who may use which route of the ticket system. */

import { bearerAccess, type Access } from "#features/access.ts";
import type { TicketSettings } from "./settings.ts";

export interface TicketAccess {
  /** Creates, deletes, and keeps the companies. */
  readonly admin: Access;
  /** Validates at the door; the admin may as well. */
  readonly scanner: Access;
  /** Sees codes, and a code is what lets in: whoever may do either of the above. */
  readonly list: Access;
}

export function openAccess(settings: TicketSettings): TicketAccess {
  const {
    development,
    ticketsAdminToken: adminToken,
    ticketsScannerToken: scannerToken,
  } = settings;
  const admin = {
    scheme: "admin",
    description: "The token in TICKETS_ADMIN_TOKEN.",
    variable: "TICKETS_ADMIN_TOKEN",
    token: adminToken,
    insufficient: [scannerToken],
    development,
  };
  const scanner = {
    scheme: "scanner",
    description: "The token in TICKETS_SCANNER_TOKEN, or the admin's.",
    variable: "TICKETS_SCANNER_TOKEN",
    token: scannerToken,
    alsoAccepted: [adminToken],
    development,
  };
  return {
    admin: bearerAccess(admin),
    scanner: bearerAccess(scanner),
    list: bearerAccess({ ...admin, insufficient: [], alsoAccepted: [scannerToken] }),
  };
}
