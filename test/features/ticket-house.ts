/** A server with tokens for one test file, and the steps that its tests are made of, in the venue `hall`. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, expect } from "vitest";
import * as answers from "../../src/features/tickets/answers.ts";
import { startServer, type Server } from "../../scripts/server.ts";
import {
  ADMIN_TOKEN,
  call,
  SCANNER_TOKEN,
  type Answer,
  type CallOptions,
  type Company,
  type Ticket,
  type Validation,
} from "./ticket-client.ts";

/** The answer that shows a key. */
export interface Shown {
  readonly company: Company;
  readonly companyKey: string;
}

export const PREFIX = "/api/venues/hall";

let data: string;
let server: Server;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-tickets-"));
  server = await startServer({
    dataDirectory: data,
    variables: {
      TICKETS_ADMIN_TOKEN: ADMIN_TOKEN,
      TICKETS_SCANNER_TOKEN: SCANNER_TOKEN,
      TICKETS_PREFIX: "HALL",
    },
  });
});

afterAll(async () => {
  await server.stop();
  await rm(data, { recursive: true });
});

export function ask<Body>(
  method: string,
  path: string,
  options?: CallOptions,
): Promise<Answer<Body>> {
  return call<Body>(server.url, method, path, options);
}

/** As the house, with an answer that its schema describes. */
export async function house<Body>(
  method: string,
  path: string,
  described: { readonly schema: v.GenericSchema } | undefined,
  options: CallOptions = {},
): Promise<Answer<Body>> {
  const answer = await ask<Body>(method, PREFIX + path, { token: ADMIN_TOKEN, ...options });
  if (described !== undefined) v.parse(described.schema, answer.body);
  return answer;
}

export async function createTickets(quantity: number, ticketType = "adult"): Promise<Ticket[]> {
  const body = { ticketType, quantity };
  const path = "/tickets";
  const made = await house<{ tickets: Ticket[] }>("POST", path, answers.TICKETS_ANSWER, { body });
  expect(made.status).toBe(201);
  return made.body.tickets;
}

export async function createTicket(): Promise<Ticket> {
  const [ticket] = await createTickets(1);
  if (ticket === undefined) throw new Error("No ticket was made.");
  return ticket;
}

let companies = 0;

export async function createCompany(): Promise<Shown> {
  const body = { name: `Company ${(companies += 1)}` };
  const made = await house<Shown>("POST", "/companies", answers.KEY_ANSWER, { body });
  expect(made.status).toBe(201);
  return made.body;
}

export function activate(qrCode: string, companyKey: string, key?: string) {
  const sent = { body: { qrCode, companyKey }, ...(key === undefined ? {} : { key }) };
  return ask<{ ticket: Ticket }>("POST", `${PREFIX}/tickets/activate`, sent);
}

export async function validate(qrCode: string, key?: string): Promise<Validation> {
  const sent = { body: { qrCode, scannerLocation: "north" }, token: SCANNER_TOKEN };
  const path = `${PREFIX}/tickets/validate`;
  const { body } = await ask<Validation>("POST", path, key === undefined ? sent : { ...sent, key });
  v.parse(answers.VALIDATION_ANSWER.schema, body);
  return body;
}

/** Where the server is, and where it keeps its data. */
export function served(): { readonly url: string; readonly data: string } {
  return { url: server.url, data };
}
