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
  const { development, ticketsAdminToken, ticketsScannerToken } = settings;
  const admin = { variable: "TICKETS_ADMIN_TOKEN", token: ticketsAdminToken };
  const scanner = { variable: "TICKETS_SCANNER_TOKEN", token: ticketsScannerToken };
  return {
    admin: bearerAccess({ development, scheme: "admin", own: admin, insufficient: [scanner] }),
    scanner: bearerAccess({ development, scheme: "scanner", own: scanner, alsoAccepted: [admin] }),
    list: bearerAccess({ development, scheme: "list", own: admin, alsoAccepted: [scanner] }),
  };
}
