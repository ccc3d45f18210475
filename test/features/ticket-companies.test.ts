/** Partner companies and their keys, repeated requests, and who may do what. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as answers from "../../src/features/tickets/answers.ts";
import { startServer } from "../../scripts/server.ts";
import {
  ADMIN_TOKEN,
  call,
  readEvents,
  refusalOf,
  SCANNER_TOKEN,
  type Company,
  type Ticket,
} from "./ticket-client.ts";
import {
  activate,
  ask,
  createCompany,
  createTicket,
  house,
  PREFIX,
  served,
  validate,
  type Shown,
} from "./ticket-house.ts";

describe("a company", () => {
  it("activates with its newest key alone, and with none when it is deactivated", async () => {
    const { company, companyKey } = await createCompany();
    const rotated = await house<Shown>(
      "POST",
      `/companies/${company.id}/rotate-key`,
      answers.KEY_ANSWER,
    );
    expect(rotated.status).toBe(200);
    expect(rotated.body.companyKey).not.toBe(companyKey);
    const { qrCode } = await createTicket();
    expect(refusalOf(await activate(qrCode, companyKey))).toEqual([401, "company_key_invalid"]);
    expect((await activate(qrCode, rotated.body.companyKey)).status).toBe(200);

    expect((await house("DELETE", `/companies/${company.id}`, undefined)).status).toBe(204);
    expect((await house("DELETE", `/companies/${company.id}`, undefined)).status).toBe(204);
    const late = await activate((await createTicket()).qrCode, rotated.body.companyKey);
    expect(refusalOf(late)).toEqual([401, "company_key_invalid"]);
    const again = await house("POST", `/companies/${company.id}/rotate-key`, undefined);
    expect(refusalOf(again)).toEqual([409, "company_deactivated"]);
    const list = await house<{ companies: Company[] }>(
      "GET",
      "/companies",
      answers.COMPANIES_ANSWER,
    );
    const found = list.body.companies.find(({ id }) => id === company.id);
    expect(found).toMatchObject({ active: false, activatedTickets: 1 });
  });

  it("has a name of its own, whatever the case of its letters", async () => {
    const { company } = await createCompany();
    const body = { name: company.name.toUpperCase() };
    const taken = await house("POST", "/companies", undefined, { body });
    expect(refusalOf(taken)).toEqual([409, "company_exists"]);
  });

  it("shows its key in no list, in no event, and in no file", async () => {
    const body = { name: "Secretive" };
    const sent = { body, key: "secretive-1" };
    const { companyKey } = (await house<Shown>("POST", "/companies", undefined, sent)).body;
    const listed = JSON.stringify((await house("GET", "/companies", undefined)).body);
    const events = JSON.stringify(await readEvents(served().url, "hall"));
    expect(listed).not.toContain(companyKey);
    expect(events).not.toContain(companyKey);
    expect(events).toContain("keyHash");
    // What can be found in the files of the server: the hash of a key, but no key.
    expect(await findInFiles("keyHash")).toBe(true);
    expect(await findInFiles(companyKey)).toBe(false);
  });
});

describe("an Idempotency-Key", () => {
  it("gives the first answer to every repeat, of each command", async () => {
    const token = ADMIN_TOKEN;
    const create = { body: { ticketType: "adult", quantity: 2 }, key: "c1", token };
    const made = await ask<{ tickets: Ticket[] }>("POST", `${PREFIX}/tickets`, create);
    expect((await ask("POST", `${PREFIX}/tickets`, create)).body).toEqual(made.body);

    const company = { body: { name: "Repeated" }, key: "c2", token };
    const shown = await ask<Shown>("POST", `${PREFIX}/companies`, company);
    expect(shown.status).toBe(201);
    const repeated = await ask("POST", `${PREFIX}/companies`, company);
    expect([repeated.status, repeated.body]).toEqual([201, shown.body]);
    const rotation = { key: "c3", token };
    const path = `${PREFIX}/companies/${shown.body.company.id}/rotate-key`;
    const rotated = await ask<Shown>("POST", path, rotation);
    expect((await ask("POST", path, rotation)).body).toEqual(rotated.body);

    const code = made.body.tickets[0]?.qrCode ?? "";
    const { companyKey } = rotated.body;
    const activated = await activate(code, companyKey, "c4");
    expect([activated.status, (await activate(code, companyKey, "c4")).body]).toEqual([
      200,
      activated.body,
    ]);
    const scanned = await validate(code, "c5");
    expect(scanned.valid).toBe(true);
    expect(await validate(code, "c5")).toEqual(scanned);
    expect((await validate(code, "c6")).reason).toBe("duplicate");
    const gone = { key: "c7", token };
    for (const _ of ["first", "repeated"]) {
      expect((await ask("DELETE", `${PREFIX}/tickets/${code}`, gone)).status).toBe(204);
    }
  });

  it("stands for one request only", async () => {
    const sent = { body: { ticketType: "adult" }, key: "one", token: ADMIN_TOKEN };
    await ask("POST", `${PREFIX}/tickets`, sent);
    const other = { ...sent, body: { ticketType: "child" } };
    const answer = await ask("POST", `${PREFIX}/tickets`, other);
    expect(refusalOf(answer)).toEqual([409, "idempotency_key_reused"]);
  });
});

describe("tokens", () => {
  const ADMINS: [string, string][] = [
    ["POST", "/tickets"],
    ["POST", "/tickets/rebuild"],
    ["DELETE", "/tickets/x"],
    ["GET", "/companies"],
    ["POST", "/companies"],
    ["POST", "/companies/x/rotate-key"],
    ["DELETE", "/companies/x"],
    ["DELETE", "/companies/x/tickets"],
  ];

  it.each(ADMINS)("%s %s needs the admin's", async (method, path) => {
    const attempt = async (token?: string) =>
      refusalOf(await ask(method, PREFIX + path, token === undefined ? {} : { token }));
    expect(await attempt()).toEqual([401, "token_missing"]);
    expect(await attempt("another-token")).toEqual([401, "token_invalid"]);
    expect(await attempt(SCANNER_TOKEN)).toEqual([403, "token_insufficient"]);
    const [status] = await attempt(ADMIN_TOKEN);
    expect([401, 403]).not.toContain(status);
  });

  it("validating needs a scanner's, or the admin's", async () => {
    const path = `${PREFIX}/tickets/validate`;
    const body = { qrCode: "x" };
    const missing = await ask("POST", path, { body });
    expect(refusalOf(missing)).toEqual([401, "token_missing"]);
    expect(missing.headers.get("WWW-Authenticate")).toBe("Bearer");
    const wrong = await ask("POST", path, { body, token: `${SCANNER_TOKEN}x` });
    expect(refusalOf(wrong)).toEqual([401, "token_invalid"]);
    for (const token of [SCANNER_TOKEN, ADMIN_TOKEN]) {
      expect((await ask("POST", path, { body, token })).status).toBe(404);
    }
  });

  it("listing needs either, because a list shows codes", async () => {
    expect((await ask("GET", `${PREFIX}/tickets`)).status).toBe(401);
    for (const token of [SCANNER_TOKEN, ADMIN_TOKEN]) {
      expect((await ask("GET", `${PREFIX}/tickets`, { token })).status).toBe(200);
    }
  });
});

describe("without tokens", () => {
  it.each([
    ["on", 201, undefined],
    ["off", 403, "token_not_configured"],
  ])("development %s: a route that needs one answers %i", async (development, status, code) => {
    const directory = await mkdtemp(join(tmpdir(), "headwater-open-"));
    const variables = { DEVELOPMENT: development };
    const open = await startServer({ dataDirectory: directory, variables });
    try {
      const body = { ticketType: "adult" };
      const answer = await call(open.url, "POST", "/api/tickets", { body });
      expect(refusalOf(answer)).toEqual([status, code]);
      const scan = await call(open.url, "POST", "/api/tickets/validate", { body: { qrCode: "x" } });
      expect(scan.status).toBe(status === 201 ? 404 : 403);
    } finally {
      await open.stop();
      await rm(directory, { recursive: true });
    }
  });
});

describe("the admin's token alone", () => {
  it("opens what takes either, and shuts nothing", async () => {
    const directory = await mkdtemp(join(tmpdir(), "headwater-admin-"));
    const variables = { DEVELOPMENT: "off", TICKETS_ADMIN_TOKEN: ADMIN_TOKEN };
    const server = await startServer({ dataDirectory: directory, variables });
    const scan = { body: { qrCode: "x" } };
    const path = "/api/tickets/validate";
    try {
      const missing = await call(server.url, "POST", path, scan);
      expect(refusalOf(missing)).toEqual([401, "token_missing"]);
      const { status } = await call(server.url, "POST", path, { ...scan, token: ADMIN_TOKEN });
      expect(status).toBe(404);
    } finally {
      await server.stop();
      await rm(directory, { recursive: true });
    }
  });
});

/** Whether any file of the server holds a text. */
async function findInFiles(text: string): Promise<boolean> {
  const { data } = served();
  const entries = await readdir(data, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const found = await Promise.all(
    files.map(async ({ parentPath, name }) =>
      (await readFile(join(parentPath, name))).includes(text),
    ),
  );
  return found.includes(true);
}
