/**
 * Bad input on every route, made from the OpenAPI document: what it says of each part of a request is broken, one part
 * at a time, and the answer must be a refusal that names what to do.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMPARISON_STATUS } from "../../src/features/comparison/refusals.ts";
import { KIT_STATUS } from "../../src/features/refusal.ts";
import { TICKETS_STATUS } from "../../src/features/tickets/refusal.ts";
import { startServer, type Server } from "../../scripts/server.ts";
import { STATUS } from "../../src/http/status.ts";
import { call, type Ticket } from "./ticket-client.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly examples?: readonly unknown[];
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
}

const CODES: Readonly<Record<string, number>> = {
  ...STATUS,
  ...KIT_STATUS,
  ...TICKETS_STATUS,
  ...COMPARISON_STATUS,
};

let data: string;
let server: Server;
let document: Document;
let code: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-input-"));
  server = await startServer({ dataDirectory: data });
  document = (await call<Document>(server.url, "GET", "/api/openapi.json")).body;
  const sent = { body: { ticketType: "adult" } };
  const made = await call<{ tickets: Ticket[] }>(server.url, "POST", "/api/tickets", sent);
  code = made.body.tickets[0]?.qrCode ?? "";
});

afterAll(async () => {
  await server.stop();
  await rm(data, { recursive: true });
});

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

function routes(): Route[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

/** The path with good parameters, but for those that are given. */
function fill(path: string, values: Readonly<Record<string, string>> = {}): string {
  const good: Readonly<Record<string, string>> = { venue: "main", qrCode: code, id: "none" };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? good[name] ?? "x"),
  );
}

/** A value that a schema describes. */
function goodValue({ type, enum: choices, examples, minimum }: Schema): unknown {
  if (examples !== undefined) return examples[0];
  if (choices !== undefined) return choices[0];
  return type === "integer" || type === "number" ? (minimum ?? 1) : "text";
}

/** Values of a field that its schema does not describe. */
function badValues({ type, enum: choices, maxLength, minimum, maximum }: Schema): unknown[] {
  const values: unknown[] = [null, true, {}, [], ["a"]];
  if (type === "integer" || type === "number") {
    values.push("1", 1.5, -1, 1e300);
    if (minimum !== undefined) values.push(minimum - 1);
    if (maximum !== undefined) values.push(maximum + 1);
  } else {
    values.push(7, "", "\u0000".repeat(maxLength ?? 1), "x".repeat((maxLength ?? 1_000) + 1));
  }
  if (choices !== undefined) values.push("none of them", "ADULT");
  return values;
}

function goodBody(schema: Schema): Record<string, unknown> {
  const { properties = {}, required = [] } = schema;
  return Object.fromEntries(required.map((name) => [name, goodValue(properties[name] ?? {})]));
}

/** Bodies that are wrong in one thing each. */
function badBodies(schema: Schema): [what: string, body: unknown][] {
  const good = goodBody(schema);
  const { properties = {}, required = [] } = schema;
  return [
    ...[null, 7, "text", [], [good]].map((body): [string, unknown] => [JSON.stringify(body), body]),
    ["an unknown field", { ...good, surprise: 1 }],
    ...required.map((name): [string, unknown] => [
      `no ${name}`,
      Object.fromEntries(Object.entries(good).filter(([other]) => other !== name)),
    ]),
    ...Object.entries(properties).flatMap(([name, property]) =>
      badValues(property).map((value): [string, unknown] => [
        `${name} ${JSON.stringify(value).slice(0, 40)}`,
        { ...good, [name]: value },
      ]),
    ),
  ];
}

async function expectRefused(
  what: string,
  method: string,
  path: string,
  options: { body?: unknown; key?: string } = {},
): Promise<void> {
  const answer = await call<{ error: { code: string; message: string } }>(
    server.url,
    method,
    path,
    options,
  );
  expect([what, answer.status, answer.body.error.code]).toEqual([
    what,
    400,
    options.key === undefined ? "invalid_request" : "invalid_idempotency_key",
  ]);
  expect(answer.body.error.message).toMatch(/^[A-Z].{15,}\.$/);
}

describe("the OpenAPI document", () => {
  it("has every route of the specification, for the venue main and for any other", () => {
    const listed = routes().map(({ method, path }) => `${method} ${path}`);
    const expected = [
      "GET /tickets",
      "POST /tickets",
      "GET /tickets/check",
      "GET /tickets/stats",
      "GET /tickets/{qrCode}/qr.svg",
      "GET /tickets/{qrCode}/qr.png",
      "POST /tickets/activate",
      "POST /tickets/validate",
      "POST /tickets/rebuild",
      "DELETE /tickets/{qrCode}",
      "GET /companies",
      "POST /companies",
      "POST /companies/{id}/rotate-key",
      "DELETE /companies/{id}",
      "DELETE /companies/{id}/tickets",
    ];
    for (const prefix of ["/api", "/api/venues/{venue}"]) {
      for (const route of expected) expect(listed).toContain(route.replace(" ", ` ${prefix}`));
    }
  });

  it("names only security schemes that it has, and codes that there are", () => {
    const schemes = Object.keys(document.components.securitySchemes);
    for (const { operation } of routes()) {
      for (const need of operation.security ?? []) expect(schemes).toContain(Object.keys(need)[0]);
      const [, codes = ""] =
        /Its own codes: (.*)\./.exec(operation.responses["default"]?.description ?? "") ?? [];
      for (const own of codes.split(", ").filter((c) => c !== "")) {
        expect(CODES[own], own).toBeGreaterThanOrEqual(400);
      }
    }
    expect(schemes).toContain("admin");
  });

  it("describes each parameter of each path", () => {
    for (const { path, operation } of routes()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = operation.parameters.filter((p) => p.in === "path");
      expect(new Set(described.map(({ name }) => name))).toEqual(new Set(named));
      expect(described.every(({ required }) => required)).toBe(true);
    }
  });
});

describe("bad input", () => {
  it("in a body is refused by every route that takes one", async () => {
    let tried = 0;
    for (const { method, path, operation } of routes()) {
      const schema = operation.requestBody?.content["application/json"]?.schema;
      if (schema === undefined) continue;
      for (const [what, body] of badBodies(schema)) {
        await expectRefused(`${method} ${path}: ${what}`, method, fill(path), { body });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(80);
  }, 60_000);

  it("in a path or a query is refused by every route that has such a parameter", async () => {
    let tried = 0;
    for (const { method, path, operation } of routes()) {
      const body = operation.requestBody?.content["application/json"]?.schema;
      const options = body === undefined ? {} : { body: goodBody(body) };
      for (const { name, in: where } of operation.parameters) {
        if (where === "header") {
          const key = "k".repeat(257);
          await expectRefused(`${method} ${path}: ${name}`, method, fill(path), {
            ...options,
            key,
          });
        } else if (where === "path") {
          const long = fill(path, { [name]: "x".repeat(101) });
          await expectRefused(`${method} ${path}: ${name}`, method, long, options);
        } else {
          const long = `${fill(path)}?${name}=${"9".repeat(101)}`;
          await expectRefused(`${method} ${long}`, method, long, options);
          const twice = `${fill(path)}?${name}=1&${name}=1`;
          await expectRefused(`${method} ${twice}`, method, twice, options);
          const empty = `${fill(path)}?${name}=`;
          await expectRefused(`${method} ${empty}`, method, empty, options);
        }
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(40);
  }, 60_000);

  it("of a venue's name is refused", async () => {
    for (const venue of ["A", "a b", "-a", "é", "a/b", "x".repeat(64)]) {
      const path = `/api/venues/${encodeURIComponent(venue)}/tickets/stats`;
      await expectRefused(venue, "GET", path);
    }
  });

  it("changed nothing", async () => {
    const stats = await call(server.url, "GET", "/api/tickets/stats");
    expect(stats.body).toMatchObject({ totalTickets: 1, rejectedScans: 0, byCompany: {} });
  });
});
