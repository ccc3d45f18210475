/** The ticket system over HTTP: what tickets go through, and every answer checked by its schema. */

import * as v from "valibot";
import { describe, expect, it } from "vitest";
import * as answers from "../../src/features/tickets/answers.ts";
import { follow } from "../http/http.ts";
import { ADMIN_TOKEN, readEvents, refusalOf, SCANNER_TOKEN, type Ticket } from "./ticket-client.ts";
import {
  activate,
  ask,
  createCompany,
  createTicket,
  createTickets,
  house,
  PREFIX,
  served,
  validate,
  type Shown,
} from "./ticket-house.ts";

describe("a ticket", () => {
  it("is created, activated once, and let in once", async () => {
    const { company, companyKey } = await createCompany();
    const ticket = await createTicket();
    expect(ticket.qrCode).toMatch(
      /^HALL-[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/,
    );
    expect(ticket).toMatchObject({ activated: false, validated: false, checkInCount: 0 });

    expect(await validate(ticket.qrCode)).toEqual({ valid: false, reason: "not_activated" });
    const activated = await activate(ticket.qrCode, companyKey);
    expect(activated.status).toBe(200);
    v.parse(answers.TICKET_ANSWER.schema, activated.body);
    expect(activated.body.ticket).toMatchObject({ activated: true, activatedBy: company.name });

    const other = await createCompany();
    const again = await activate(ticket.qrCode, other.companyKey);
    expect(refusalOf(again)).toEqual([409, "ticket_already_activated"]);
    expect(JSON.stringify(again.body)).toContain(company.name);

    const first = await validate(ticket.qrCode);
    expect(first).toMatchObject({ valid: true, ticket: { validated: true, checkInCount: 1 } });
    const second = await validate(ticket.qrCode);
    expect(second).toEqual({
      valid: false,
      reason: "duplicate",
      usedAt: first.ticket?.validatedAt,
    });
    const path = `/tickets/check?qrCode=${ticket.qrCode}`;
    const checked = await house<{ ticket: Ticket }>("GET", path, answers.TICKET_ANSWER);
    expect(checked.body.ticket.lastScanned).not.toBe(undefined);
    expect(checked.body.ticket.checkInCount).toBe(1);
  });

  it("comes with up to 100 others in one append", async () => {
    const tickets = await createTickets(100, "child");
    expect(new Set(tickets.map(({ qrCode }) => qrCode)).size).toBe(100);
    const events = await readEvents(served().url, "hall");
    const codes = events.flatMap((e) => (e.type === "ticket.created" ? [e.qrCode] : []));
    expect(codes.slice(-100)).toEqual(tickets.map(({ qrCode }) => qrCode));
  });

  it("is deleted from every state, and stays in the stream", async () => {
    const { companyKey } = await createCompany();
    const tickets = await createTickets(3);
    const [, activated, validated] = tickets.map(({ qrCode }) => qrCode);
    await activate(activated ?? "", companyKey);
    await activate(validated ?? "", companyKey);
    await validate(validated ?? "");
    for (const { qrCode } of tickets) {
      const deleted = await house("DELETE", `/tickets/${qrCode}`, undefined);
      expect(deleted.status).toBe(204);
      const again = await house("DELETE", `/tickets/${qrCode}`, undefined);
      expect(refusalOf(again)).toEqual([404, "ticket_not_found"]);
      const check = await ask("GET", `${PREFIX}/tickets/check?qrCode=${qrCode}`);
      expect(refusalOf(check)).toEqual([404, "ticket_not_found"]);
    }
    const events = await readEvents(served().url, "hall");
    expect(events.filter((e) => e.qrCode === validated).map((e) => e.type)).toEqual([
      "ticket.created",
      "ticket.activated",
      "ticket.validated",
      "ticket.deleted",
    ]);
  });

  it("is one venue's: another knows nothing of it", async () => {
    const { qrCode } = await createTicket();
    for (const prefix of ["/api", "/api/venues/other"]) {
      const check = await ask("GET", `${prefix}/tickets/check?qrCode=${qrCode}`);
      expect(refusalOf(check)).toEqual([404, "ticket_not_found"]);
    }
  });
});

describe("the list of tickets", () => {
  it("goes through all of them in the order of their creation, page by page", async () => {
    const prefix = "/api/venues/pages";
    const made: string[] = [];
    for (let i = 0; i < 3; i++) {
      const sent = { body: { ticketType: "senior", quantity: 4 }, token: ADMIN_TOKEN };
      const { body } = await ask<{ tickets: Ticket[] }>("POST", `${prefix}/tickets`, sent);
      made.push(...body.tickets.map(({ qrCode }) => qrCode));
    }
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const at = cursor === undefined ? "" : `&cursor=${cursor}`;
      const page = await ask<{ tickets: Ticket[]; total: number; nextCursor?: string }>(
        "GET",
        `${prefix}/tickets?limit=5${at}`,
        { token: SCANNER_TOKEN },
      );
      v.parse(answers.LIST_ANSWER.schema, page.body);
      expect(page.body.total).toBe(12);
      listed.push(...page.body.tickets.map(({ qrCode }) => qrCode));
      cursor = page.body.nextCursor;
    } while (cursor !== undefined);
    expect(listed).toEqual(made);
  });
});

describe("the statistics", () => {
  it("follow every event", async () => {
    const prefix = "/api/venues/numbers";
    const token = ADMIN_TOKEN;
    const sold = await ask<{ tickets: Ticket[] }>("POST", `${prefix}/tickets`, {
      body: { ticketType: "family", quantity: 3 },
      token,
    });
    const shown = await ask<Shown>("POST", `${prefix}/companies`, { body: { name: "Ä" }, token });
    const { company, companyKey } = shown.body;
    const codes = sold.body.tickets.map(({ qrCode }) => qrCode);
    for (const qrCode of codes.slice(1)) {
      await ask("POST", `${prefix}/tickets/activate`, { body: { qrCode, companyKey } });
    }
    for (const qrCode of [...codes, ...codes]) {
      await ask("POST", `${prefix}/tickets/validate`, { body: { qrCode }, token: SCANNER_TOKEN });
    }
    const stats = async () => (await ask("GET", `${prefix}/tickets/stats`)).body;
    const scans = { perHour: [{ validated: 2, rejected: 4 }], rejectedScans: 4 };
    v.parse(answers.STATS_ANSWER.schema, await stats());
    expect(await stats()).toMatchObject({
      totalTickets: 3,
      activatedTickets: 2,
      validatedTickets: 2,
      byType: { family: 3 },
      byCompany: { Ä: 2 },
      ...scans,
    });
    const all = `${prefix}/companies/${company.id}/tickets`;
    expect((await ask("DELETE", all, { token })).body).toEqual({ count: 2 });
    expect((await ask("DELETE", all, { token })).body).toEqual({ count: 0 });
    expect(await stats()).toMatchObject({
      totalTickets: 1,
      activatedTickets: 0,
      validatedTickets: 0,
      byType: { family: 1 },
      byCompany: { Ä: 0 },
      ...scans,
    });
    const before = await stats();
    const rebuilt = await ask(`POST`, `${prefix}/tickets/rebuild`, { token });
    expect([rebuilt.status, rebuilt.body]).toEqual([200, { events: 14 }]);
    v.parse(answers.REBUILD_ANSWER.schema, rebuilt.body);
    expect(await stats()).toEqual(before);
  });

  it("are zero where nothing is, and asking makes no venue", async () => {
    const { body } = await ask("GET", "/api/venues/nowhere/tickets/stats");
    expect(body).toMatchObject({ totalTickets: 0, byType: {}, byCompany: {}, perHour: [] });
    expect((await fetch(`${served().url}/v1/stream/tickets/nowhere`)).status).toBe(404);
  });
});

describe("the stream of a venue", () => {
  it("is followed by dashboards", async () => {
    const prefix = "/api/venues/live";
    const create = () =>
      ask("POST", `${prefix}/tickets`, { body: { ticketType: "adult" }, token: ADMIN_TOKEN });
    await create();
    const url = `${served().url}/v1/stream/tickets/live?offset=now&live=sse`;
    let created = false;
    const seen = await follow(url, (all) => {
      if (!created) void create();
      created = true;
      return all.some(({ event }) => event === "data");
    });
    expect(seen.find(({ event }) => event === "data")?.data).toContain("ticket.created");
  });

  it.each(["PUT", "POST", "DELETE"])("refuses a raw %s and names the route", async (method) => {
    const answer = await ask(method, "/v1/stream/tickets/hall");
    expect(refusalOf(answer)).toEqual([405, "method_not_allowed"]);
    expect(JSON.stringify(answer.body)).toContain("POST /api/tickets");
  });
});
