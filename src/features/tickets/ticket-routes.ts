/** The HTTP routes of tickets. Everything about one venue is below one prefix. */

import { reply, route, type Route } from "#features/route.ts";
import type { TicketAccess } from "./access.ts";
import {
  LIST_ANSWER,
  REBUILD_ANSWER,
  STATS_ANSWER,
  TICKET_ANSWER,
  TICKETS_ANSWER,
  VALIDATION_ANSWER,
} from "./answers.ts";
import { hashKey } from "./company-key.ts";
import { drawPng, drawSvg } from "./qr-code.ts";
import { checkTicket, listTickets, readStats } from "./queries.ts";
import {
  ACTIVATE_BODY,
  CHECK_QUERY,
  CODE_PARAMS,
  createBody,
  LIST_QUERY,
  PNG_QUERY,
  VALIDATE_BODY,
  VENUE_PARAMS,
} from "./schemas.ts";
import type { TicketSettings } from "./settings.ts";
import {
  activateTicket,
  createTickets,
  deleteTicket,
  refuseUnknown,
  validateTicket,
} from "./ticket-commands.ts";
import type { FeatureStreams } from "#features/streams.ts";
import { venuePath } from "./venue.ts";

/** What the house does: create, delete, and make the tables anew. */
export function houseRoutes(
  prefix: string,
  { ticketsPrefix, ticketsTypes }: TicketSettings,
  { admin }: TicketAccess,
): Route[] {
  return [
    route({
      method: "POST",
      path: `${prefix}/tickets`,
      summary: "Creates tickets, all in one append.",
      access: admin,
      params: VENUE_PARAMS,
      body: createBody(ticketsTypes),
      idempotent: true,
      answers: { 201: TICKETS_ANSWER },
      async run({ params, body, idempotencyKey: key, streams }) {
        const input = { ...body, prefix: ticketsPrefix };
        const path = venuePath(params.venue);
        return reply(201, await streams.send(createTickets, path, input, { key }));
      },
    }),
    route({
      method: "POST",
      path: `${prefix}/tickets/rebuild`,
      summary: "Replays the venue's stream into empty tables; commands wait meanwhile.",
      access: admin,
      params: VENUE_PARAMS,
      answers: { 200: REBUILD_ANSWER },
      run: async ({ params, streams }) =>
        reply(200, await streams.rebuild(venuePath(params.venue))),
    }),
    route({
      method: "DELETE",
      path: `${prefix}/tickets/{qrCode}`,
      summary: "Deletes a ticket. What happened to it stays in the stream.",
      access: admin,
      params: CODE_PARAMS,
      idempotent: true,
      answers: { 204: { description: "Deleted." } },
      refusals: ["ticket_not_found"],
      async run({ params: { venue, qrCode }, idempotencyKey: key, streams }) {
        const outcome = await streams.send(deleteTicket, venuePath(venue), { qrCode }, { key });
        return outcome.ok ? { ok: true, status: 204 } : outcome;
      },
    }),
  ];
}

/** The two steps of a ticket: a company activates it, a scanner lets it in. */
export function stepRoutes(prefix: string, { scanner }: TicketAccess): Route[] {
  return [
    route({
      method: "POST",
      path: `${prefix}/tickets/activate`,
      summary: "Activates a ticket for the company whose key is sent.",
      params: VENUE_PARAMS,
      body: ACTIVATE_BODY,
      idempotent: true,
      answers: { 200: TICKET_ANSWER },
      refusals: ["company_key_invalid", "ticket_not_found", "ticket_already_activated"],
      async run({ params, body, idempotencyKey: key, streams }) {
        const input = { qrCode: body.qrCode, keyHash: await hashKey(body.companyKey) };
        const path = venuePath(params.venue);
        return reply(200, await streams.send(activateTicket, path, input, { key }));
      },
    }),
    route({
      method: "POST",
      path: `${prefix}/tickets/validate`,
      summary: "Lets a ticket in, once.",
      access: scanner,
      params: VENUE_PARAMS,
      body: VALIDATE_BODY,
      idempotent: true,
      answers: { 200: VALIDATION_ANSWER },
      refusals: ["ticket_not_found"],
      run: async ({ params, body, idempotencyKey: key, streams }) =>
        reply(200, await streams.send(validateTicket, venuePath(params.venue), body, { key })),
    }),
  ];
}

/** The routes that change nothing. */
export function ticketQueryRoutes(prefix: string, { list }: TicketAccess): Route[] {
  return [
    route({
      method: "GET",
      path: `${prefix}/tickets`,
      summary: "Lists tickets with their codes.",
      access: list,
      params: VENUE_PARAMS,
      query: LIST_QUERY,
      answers: { 200: LIST_ANSWER },
      async run({ params, query, streams }) {
        const input = { after: query.cursor ?? -1, limit: query.limit };
        return reply(200, await streams.query(listTickets, venuePath(params.venue), input));
      },
    }),
    route({
      method: "GET",
      path: `${prefix}/tickets/check`,
      summary: "Shows a ticket and changes nothing.",
      params: VENUE_PARAMS,
      query: CHECK_QUERY,
      answers: { 200: TICKET_ANSWER },
      refusals: ["ticket_not_found"],
      async run({ params, query, streams }) {
        const ticket = await find(streams, params.venue, query.qrCode);
        return ticket.ok ? reply(200, { ok: true, answer: { ticket: ticket.answer } }) : ticket;
      },
    }),
    route({
      method: "GET",
      path: `${prefix}/tickets/stats`,
      summary: "Counts tickets and scans.",
      params: VENUE_PARAMS,
      answers: { 200: STATS_ANSWER },
      run: async ({ params, streams }) =>
        reply(200, await streams.query(readStats, venuePath(params.venue), null)),
    }),
    ...imageRoutes(prefix),
  ];
}

function imageRoutes(prefix: string): Route[] {
  const image = { method: "GET", params: CODE_PARAMS, refusals: ["ticket_not_found"] } as const;
  return [
    route({
      ...image,
      path: `${prefix}/tickets/{qrCode}/qr.svg`,
      summary: "Draws a ticket's code as SVG.",
      answers: imageAnswer("image/svg+xml"),
      async run({ params: { venue, qrCode }, streams }) {
        const ticket = await find(streams, venue, qrCode);
        if (!ticket.ok) return ticket;
        const content = { type: "image/svg+xml", body: drawSvg(qrCode) };
        return { ok: true, status: 200, content };
      },
    }),
    route({
      ...image,
      path: `${prefix}/tickets/{qrCode}/qr.png`,
      summary: "Draws a ticket's code as PNG, with `scale` pixels per module.",
      query: PNG_QUERY,
      answers: imageAnswer("image/png"),
      async run({ params: { venue, qrCode }, query, streams }) {
        const ticket = await find(streams, venue, qrCode);
        if (!ticket.ok) return ticket;
        const content = { type: "image/png", body: drawPng(qrCode, query.scale) };
        return { ok: true, status: 200, content };
      },
    }),
  ];
}

function imageAnswer(contentType: string) {
  return { 200: { description: "The QR code.", contentType } };
}

async function find(streams: FeatureStreams, venue: string, qrCode: string) {
  const outcome = await streams.query(checkTicket, venuePath(venue), { qrCode });
  if (!outcome.ok) return outcome;
  const { answer } = outcome;
  return answer === null ? refuseUnknown() : ({ ok: true, answer } as const);
}
