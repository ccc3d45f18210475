/** What the ticket system needs of the configuration, and what an operator should know of it. Imports nothing. */

export interface TicketSettings {
  /** Whether routes without a token are open instead of shut. */
  readonly development: boolean;
  readonly ticketsAdminToken: string | undefined;
  readonly ticketsScannerToken: string | undefined;
  /** What a code begins with, before the hyphen. */
  readonly ticketsPrefix: string;
  readonly ticketsTypes: readonly [string, ...string[]];
}

/** One line for everything that stands open. */
export function warnOfOpenTickets(settings: TicketSettings): string[] {
  const { development, ticketsAdminToken, ticketsScannerToken } = settings;
  if (!development) return [];
  return [
    ...(ticketsAdminToken === undefined
      ? [open("TICKETS_ADMIN_TOKEN", "create, list and delete tickets and companies")]
      : []),
    ...(ticketsScannerToken === undefined
      ? [open("TICKETS_SCANNER_TOKEN", "validate tickets at the door")]
      : []),
  ];
}

function open(variable: string, what: string): string {
  return `DEVELOPMENT MODE: ${variable} is not set, so EVERYONE who reaches this server may ${what}.`;
}
