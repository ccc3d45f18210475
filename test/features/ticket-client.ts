/** Speaks to the routes of the ticket system. */

export const ADMIN_TOKEN = "the-token-of-the-house";
export const SCANNER_TOKEN = "the-token-of-a-door";

export interface Ticket {
  readonly id: string;
  readonly qrCode: string;
  readonly activated: boolean;
  readonly activatedBy?: string;
  readonly validated: boolean;
  readonly validatedAt?: string;
  readonly lastScanned?: string;
  readonly checkInCount: number;
}

export interface Validation {
  readonly valid: boolean;
  readonly reason?: string;
  readonly usedAt?: string;
  readonly ticket?: Ticket;
}

export interface Company {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  readonly activatedTickets: number;
}

export interface TicketEvent {
  readonly type: string;
  readonly qrCode?: string;
  readonly reason?: string;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly key?: string;
}

/** Sends one request; an answer without JSON has `undefined` as its body. */
export async function call<Body = unknown>(
  server: string,
  method: string,
  path: string,
  { body, token, key }: CallOptions = {},
): Promise<Answer<Body>> {
  const answer = await fetch(server + path, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { "Idempotency-Key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { status, headers } = answer;
  const text = await answer.text();
  const isJson = headers.get("Content-Type") === "application/json";
  return { status, headers, body: (isJson ? JSON.parse(text) : undefined) as Body };
}

/** Status and code of a refusal. */
export function refusalOf({ status, body }: Answer<unknown>): [number, string | undefined] {
  return [status, (body as { error?: { code: string } } | undefined)?.error?.code];
}

/** All events of a venue, page by page. */
export async function readEvents(server: string, venue: string): Promise<TicketEvent[]> {
  const events: TicketEvent[] = [];
  for (let offset = "-1"; ;) {
    const answer = await fetch(`${server}/v1/stream/tickets/${venue}?offset=${offset}`);
    if (answer.status !== 200) throw new Error(`A read was answered ${answer.status}.`);
    events.push(...((await answer.json()) as TicketEvent[]));
    if (answer.headers.has("Stream-Up-To-Date")) return events;
    offset = answer.headers.get("Stream-Next-Offset") ?? "";
  }
}

/** A venue with tickets that a company has activated. Answers their codes. */
export async function sellTickets(
  server: string,
  prefix: string,
  count: number,
  token?: string,
): Promise<string[]> {
  const auth = token === undefined ? {} : { token };
  const company = await call<{ companyKey: string }>(server, "POST", `${prefix}/companies`, {
    ...auth,
    body: { name: `Company ${count}` },
  });
  const { companyKey } = company.body;
  const codes: string[] = [];
  while (codes.length < count) {
    const quantity = Math.min(100, count - codes.length);
    const body = { ticketType: "adult", quantity };
    const made = await call<{ tickets: Ticket[] }>(server, "POST", `${prefix}/tickets`, {
      ...auth,
      body,
    });
    codes.push(...made.body.tickets.map(({ qrCode }) => qrCode));
  }
  await Promise.all(
    codes.map((qrCode) =>
      call(server, "POST", `${prefix}/tickets/activate`, { body: { qrCode, companyKey } }),
    ),
  );
  return codes;
}
