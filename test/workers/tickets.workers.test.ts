/** Random commands to a venue, a small model beside it, and a replay of the stream into empty tables. */

import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFeatureStreams, type Outcome } from "#features/streams.ts";
import { createCompany, deactivateCompany, rotateKey } from "#features/tickets/company-commands.ts";
import { listCompanies, listTickets, readStats } from "#features/tickets/queries.ts";
import { TABLES } from "#features/tickets/tables.ts";
import {
  activateTicket,
  createTickets,
  DELETED_MAX,
  deleteCompanyTickets,
  deleteTicket,
  validateTicket,
} from "#features/tickets/ticket-commands.ts";
import { compact, flush, letFlushEnd, restart, stubOf, tuneStreams } from "./harness.ts";

const streams = openFeatureStreams(env.STREAMS);

/** A step names tickets and companies by their number in the order of their creation, and may name one too many. */
const number = fc.nat({ max: 14 });
const STEP = fc.oneof(
  fc.record({
    kind: fc.constant("create" as const),
    quantity: fc.integer({ min: 1, max: 4 }),
    type: fc.constantFrom("adult", "child"),
  }),
  fc.record({ kind: fc.constant("company" as const), name: fc.constantFrom("A", "B", "a", "C") }),
  fc.record({ kind: fc.constant("activate" as const), ticket: number, company: number }),
  fc.record({ kind: fc.constant("activate" as const), ticket: number, company: fc.constant(0) }),
  fc.record({ kind: fc.constant("validate" as const), ticket: number }),
  fc.record({ kind: fc.constant("validate" as const), ticket: number }),
  fc.record({ kind: fc.constant("delete" as const), ticket: number }),
  fc.record({ kind: fc.constant("rotate" as const), company: number }),
  fc.record({ kind: fc.constant("deactivate" as const), company: number }),
  fc.record({ kind: fc.constant("clear" as const), company: number }),
  fc.record({ kind: fc.constant("flush" as const) }),
  fc.record({ kind: fc.constant("compact" as const) }),
  fc.record({ kind: fc.constant("restart" as const) }),
);

interface ModelTicket {
  readonly qrCode: string;
  readonly type: string;
  company?: ModelCompany;
  validated: boolean;
}

interface ModelCompany {
  readonly id: string;
  readonly name: string;
  keyHash: string;
  active: boolean;
}

/** What a venue should be after the commands so far. */
class Model {
  readonly path: string;
  readonly made: ModelTicket[] = [];
  readonly companies: ModelCompany[] = [];
  readonly deleted = new Set<ModelTicket>();
  rejected = 0;
  validations = 0;
  keys = 0;

  constructor(path: string) {
    this.path = path;
  }

  get tickets(): ModelTicket[] {
    return this.made.filter((ticket) => !this.deleted.has(ticket));
  }

  /** The ticket with a number if it is still there; its code, known to nobody if there never was one. */
  find(n: number): { qrCode: string; ticket: ModelTicket | undefined } {
    const ticket = this.made[n];
    const present = ticket === undefined || this.deleted.has(ticket) ? undefined : ticket;
    return { qrCode: ticket?.qrCode ?? "none", ticket: present };
  }

  findCompany(n: number): { id: string; company: ModelCompany | undefined } {
    const company = this.companies[n];
    return { id: company?.id ?? "none", company };
  }

  newKey() {
    this.keys += 1;
    return { keyHash: `hash ${this.keys}`, salt: "salt" };
  }

  stats() {
    const { tickets } = this;
    const activated = tickets.filter(({ company }) => company !== undefined);
    const types = [...new Set(this.made.map(({ type }) => type))];
    return {
      totalTickets: tickets.length,
      activatedTickets: activated.length,
      validatedTickets: tickets.filter(({ validated }) => validated).length,
      rejectedScans: this.rejected,
      byType: Object.fromEntries(
        types.map((type) => [type, tickets.filter((t) => t.type === type).length]),
      ),
      byCompany: Object.fromEntries(
        this.companies.map((c) => [c.name, activated.filter((t) => t.company === c).length]),
      ),
    };
  }
}

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

function codeOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? "ok" : outcome.refusal.code;
}

type StepOf<Kind extends Step["kind"]> = Extract<Step, { readonly kind: Kind }>;

/** What each step does to the venue, what must be answered, and what the model makes of it. */
const PERFORM: {
  readonly [Kind in Step["kind"]]: (model: Model, step: StepOf<Kind>) => Promise<void>;
} = {
  async create(model, { quantity, type }) {
    const input = { ticketType: type, quantity, prefix: "T" };
    const { tickets } = await ask(streams.send(createTickets, model.path, input));
    for (const { qrCode } of tickets) model.made.push({ qrCode, type, validated: false });
  },

  async activate(model, step) {
    const { qrCode, ticket } = model.find(step.ticket);
    const company = model.companies[step.company];
    const { keyHash = "no key" } = company ?? {};
    const outcome = await streams.send(activateTicket, model.path, { qrCode, keyHash });
    expect(codeOf(outcome)).toBe(expectActivation(company, ticket));
    if (outcome.ok && ticket !== undefined && company !== undefined) ticket.company = company;
  },

  async validate(model, step) {
    const { qrCode, ticket } = model.find(step.ticket);
    const outcome = await streams.send(validateTicket, model.path, { qrCode });
    expect(codeOf(outcome)).toBe(ticket === undefined ? "ticket_not_found" : "ok");
    if (!outcome.ok || ticket === undefined) return;
    const duplicate = ticket.validated ? "duplicate" : undefined;
    const reason = ticket.company === undefined ? "not_activated" : duplicate;
    expect(outcome.answer.valid ? undefined : outcome.answer.reason).toBe(reason);
    if (reason === undefined) model.validations += 1;
    else model.rejected += 1;
    ticket.validated ||= reason === undefined;
  },

  async delete(model, step) {
    const { qrCode, ticket } = model.find(step.ticket);
    const outcome = await streams.send(deleteTicket, model.path, { qrCode });
    expect(codeOf(outcome)).toBe(ticket === undefined ? "ticket_not_found" : "ok");
    if (ticket !== undefined) model.deleted.add(ticket);
  },

  async company(model, { name }) {
    const key = model.newKey();
    const outcome = await streams.send(createCompany, model.path, { name, ...key });
    const taken = model.companies.some((c) => c.name.toLowerCase() === name.toLowerCase());
    expect(codeOf(outcome)).toBe(taken ? "company_exists" : "ok");
    if (!outcome.ok) return;
    const { id } = outcome.answer.company;
    model.companies.push({ id, name, keyHash: key.keyHash, active: true });
  },

  async rotate(model, step) {
    const { id, company } = model.findCompany(step.company);
    const key = model.newKey();
    const outcome = await streams.send(rotateKey, model.path, { id, ...key });
    const active = company?.active === true ? "ok" : "company_deactivated";
    expect(codeOf(outcome)).toBe(company === undefined ? "company_not_found" : active);
    if (outcome.ok && company !== undefined) company.keyHash = key.keyHash;
  },

  async deactivate(model, step) {
    const { id, company } = model.findCompany(step.company);
    const outcome = await streams.send(deactivateCompany, model.path, { id });
    expect(codeOf(outcome)).toBe(company === undefined ? "company_not_found" : "ok");
    if (company !== undefined) company.active = false;
  },

  async clear(model, step) {
    const { id, company } = model.findCompany(step.company);
    const outcome = await streams.send(deleteCompanyTickets, model.path, { companyId: id });
    expect(codeOf(outcome)).toBe(company === undefined ? "company_not_found" : "ok");
    if (!outcome.ok) return;
    const cleared = model.tickets.filter((ticket) => ticket.company === company);
    expect(outcome.answer).toEqual({ count: cleared.length, more: false });
    for (const ticket of cleared) model.deleted.add(ticket);
  },

  flush: ({ path }) => flush(path),
  compact: ({ path }) => compact(path),
  restart: ({ path }) => restart(path),
};

function expectActivation(
  company: ModelCompany | undefined,
  ticket: ModelTicket | undefined,
): string {
  if (company?.active !== true) return "company_key_invalid";
  if (ticket === undefined) return "ticket_not_found";
  return ticket.company === undefined ? "ok" : "ticket_already_activated";
}

function perform<Kind extends Step["kind"]>(model: Model, step: StepOf<Kind>): Promise<void> {
  return PERFORM[step.kind](model, step);
}

/** Every row of every table of the venue. */
function dump(path: string): Promise<unknown> {
  return runInDurableObject(stubOf(path), (_, { storage: { sql } }) =>
    Object.keys(TABLES).map((table) => [
      table,
      sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray(),
    ]),
  );
}

async function ask<A>(outcome: Promise<Outcome<A>>): Promise<A> {
  const result = await outcome;
  if (!result.ok) throw new Error(result.refusal.message);
  return result.answer;
}

let venues = 0;

describe("a venue", () => {
  it("is what a model of it says, and the same after a replay of its stream", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 40 }), async (steps) => {
        const model = new Model(`tickets/random-${(venues += 1)}`);
        const { path } = model;
        for (const step of steps) await perform(model, step);
        const { perHour, ...stats } = await ask(streams.query(readStats, path, null));
        expect(stats).toEqual(model.stats());
        expect(perHour.reduce((sum, hour) => sum + hour.validated, 0)).toBe(model.validations);
        expect(perHour.reduce((sum, hour) => sum + hour.rejected, 0)).toBe(model.rejected);
        const list = await ask(streams.query(listTickets, path, { after: -1, limit: 500 }));
        expect(list.tickets.map((t) => [t.qrCode, t.activatedBy, t.validated])).toEqual(
          model.tickets.map((t) => [t.qrCode, t.company?.name, t.validated]),
        );
        const companies = await ask(streams.query(listCompanies, path, null));
        expect(companies.map(({ id, active }) => [id, active])).toEqual(
          model.companies.map(({ id, active }) => [id, active]),
        );
        if (model.made.length + model.companies.length === 0) return;
        const live = await dump(path);
        await ask(streams.rebuild(path));
        expect(await dump(path)).toEqual(live);
      }),
      { numRuns: 60 },
    );
  }, 180_000);

  it("deletes more tickets of a company than one command does, and counts them all again for a repeat", async () => {
    const path = "tickets/large";
    const key = { keyHash: "hash", salt: "salt" };
    const { company } = await ask(streams.send(createCompany, path, { name: "Agency", ...key }));
    const sold = DELETED_MAX + 200;
    for (let i = 0; i < sold; i += 100) {
      const input = { ticketType: "adult", quantity: 100, prefix: "T" };
      const { tickets } = await ask(streams.send(createTickets, path, input));
      for (const { qrCode } of tickets) {
        await ask(streams.send(activateTicket, path, { qrCode, keyHash: key.keyHash }));
      }
    }
    const url = `http://headwater.test/api/venues/large/companies/${company.id}/tickets`;
    const headers = { "Idempotency-Key": "all of them" };
    for (const _ of ["first", "repeated"]) {
      const answer = await exports.default.fetch(url, { method: "DELETE", headers });
      expect(await answer.json()).toEqual({ count: sold });
    }
    const stats = await ask(streams.query(readStats, path, null));
    expect(stats).toMatchObject({ totalTickets: 0, activatedTickets: 0, byCompany: { Agency: 0 } });
  }, 120_000);

  it("answers that an outcome is unknown when D1 fails in mode d1, and the same key finds it", async () => {
    tuneStreams({ ackMode: "d1" });
    const path = "tickets/unknown";
    const create = { ticketType: "adult", quantity: 1, prefix: "T" };
    const { tickets } = await ask(streams.send(createTickets, path, create));
    await env.DB.prepare("ALTER TABLE blocks RENAME TO blocks_away").run();
    const lost = await streams.send(createTickets, path, create, { key: "second" });
    expect(lost).toMatchObject({ ok: false, refusal: { status: 503, code: "outcome_unknown" } });
    expect(lost.ok ? "" : lost.refusal.message).toContain("the same Idempotency-Key");
    await env.DB.prepare("ALTER TABLE blocks_away RENAME TO blocks").run();
    await letFlushEnd(path);
    const found = await ask(streams.send(createTickets, path, create, { key: "second" }));
    const list = await ask(streams.query(listTickets, path, { after: -1, limit: 10 }));
    expect(list.tickets).toEqual([...tickets, ...found.tickets]);
    tuneStreams({ ackMode: "journal" });
  });
});
