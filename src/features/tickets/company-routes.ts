/** The HTTP routes of partner companies. */

import { reply, route, type Route, type RouteReply } from "#features/route.ts";
import type { FeatureStreams, Outcome } from "#features/streams.ts";
import type { TicketAccess } from "./access.ts";
import { COMPANIES_ANSWER, COUNT_ANSWER, KEY_ANSWER } from "./answers.ts";
import {
  createCompany,
  deactivateCompany,
  rotateKey,
  type MintedKey,
  type WithKey,
} from "./company-commands.ts";
import { deriveKey, hashKey, newSalt } from "./company-key.ts";
import { listCompanies } from "./queries.ts";
import { COMPANY_BODY, COMPANY_PARAMS, VENUE_PARAMS } from "./schemas.ts";
import type { TicketSettings } from "./settings.ts";
import { deleteCompanyTickets } from "./ticket-commands.ts";
import { venuePath } from "./venue.ts";

/** All of them need the admin token. */
export function companyRoutes(
  prefix: string,
  { ticketsAdminToken: adminToken }: TicketSettings,
  { admin: access }: TicketAccess,
): Route[] {
  return [
    route({
      method: "GET",
      path: `${prefix}/companies`,
      summary: "Lists the companies.",
      access,
      params: VENUE_PARAMS,
      answers: { 200: COMPANIES_ANSWER },
      async run({ params, streams }) {
        const outcome = await streams.query(listCompanies, venuePath(params.venue), null);
        if (!outcome.ok) return outcome;
        return reply(200, { ok: true, answer: { companies: outcome.answer } });
      },
    }),
    route({
      method: "POST",
      path: `${prefix}/companies`,
      summary: "Adds a company and shows its key, once.",
      access,
      params: VENUE_PARAMS,
      body: COMPANY_BODY,
      idempotent: true,
      answers: { 201: KEY_ANSWER },
      refusals: ["company_exists", "too_many_companies"],
      async run({ params, body, idempotencyKey: key, streams }) {
        const asked = await withToken(body, adminToken);
        return mint(201, key, adminToken, (minted) =>
          streams.send(
            createCompany,
            venuePath(params.venue),
            { ...body, ...minted },
            { key, asked },
          ),
        );
      },
    }),
    route({
      method: "POST",
      path: `${prefix}/companies/{id}/rotate-key`,
      summary: "Gives a company another key and shows it, once.",
      access,
      params: COMPANY_PARAMS,
      idempotent: true,
      answers: { 200: KEY_ANSWER },
      refusals: ["company_not_found", "company_deactivated"],
      async run({ params: { venue, id }, idempotencyKey: key, streams }) {
        const asked = await withToken({ id }, adminToken);
        return mint(200, key, adminToken, (minted) =>
          streams.send(rotateKey, venuePath(venue), { id, ...minted }, { key, asked }),
        );
      },
    }),
    ...removalRoutes(prefix, access),
  ];
}

function removalRoutes(prefix: string, access: TicketAccess["admin"]): Route[] {
  return [
    route({
      method: "DELETE",
      path: `${prefix}/companies/{id}`,
      summary: "Deactivates a company: its key is worth nothing from then on.",
      access,
      params: COMPANY_PARAMS,
      idempotent: true,
      answers: { 204: { description: "Deactivated." } },
      refusals: ["company_not_found"],
      async run({ params: { venue, id }, idempotencyKey: key, streams }) {
        const outcome = await streams.send(deactivateCompany, venuePath(venue), { id }, { key });
        return outcome.ok ? { ok: true, status: 204 } : outcome;
      },
    }),
    route({
      method: "DELETE",
      path: `${prefix}/companies/{id}/tickets`,
      summary: "Deletes the tickets that a company has activated.",
      access,
      params: COMPANY_PARAMS,
      idempotent: true,
      answers: { 200: COUNT_ANSWER },
      refusals: ["company_not_found"],
      run: ({ params: { venue, id }, idempotencyKey, streams }) =>
        deleteAll(streams, venuePath(venue), id, idempotencyKey),
    }),
  ];
}

/** A stored answer holds the salt of a key: with another admin token it would stand for another key. */
async function withToken(asked: object, adminToken: string | undefined): Promise<object> {
  return { ...asked, token: await hashKey(adminToken ?? "") };
}

/** Sends a command with a new key, and answers with the key of whichever request was the first. */
async function mint(
  status: number,
  idempotencyKey: string | undefined,
  adminToken: string | undefined,
  send: (minted: MintedKey) => Promise<Outcome<WithKey>>,
): Promise<RouteReply> {
  const salt = newSalt();
  const keyHash = await hashKey(await deriveKey(salt, idempotencyKey, adminToken));
  const outcome = await send({ salt, keyHash });
  if (!outcome.ok) return outcome;
  const { company, salt: first } = outcome.answer;
  const companyKey = await deriveKey(first, idempotencyKey, adminToken);
  return { ok: true, status, json: { company, companyKey } };
}

/** As many commands as it takes. Each has a key of its own, so that a repeat adds up to the same count. */
async function deleteAll(
  streams: FeatureStreams,
  path: string,
  companyId: string,
  idempotencyKey: string | undefined,
): Promise<RouteReply> {
  let count = 0;
  for (let part = 0; ; part++) {
    const key = idempotencyKey === undefined ? undefined : `${idempotencyKey}#${part}`;
    const outcome = await streams.send(deleteCompanyTickets, path, { companyId }, { key });
    if (!outcome.ok) return outcome;
    count += outcome.answer.count;
    if (!outcome.answer.more) return { ok: true, status: 200, json: { count } };
  }
}
