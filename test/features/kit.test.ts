/** The feature of docs/features.md, served: what the kit promises of every feature, over HTTP. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Server } from "../../scripts/server.ts";
import { codeOf, follow, put } from "../http/http.ts";

let data: string;
let server: Server;

async function start(mode: string): Promise<void> {
  data = await mkdtemp(join(tmpdir(), "headwater-features-"));
  const entry = "test/workers/features-worker.ts";
  server = await startServer({ dataDirectory: data, entry, variables: { ACK_MODE: mode } });
}

async function stop(): Promise<void> {
  await server.stop();
  await rm(data, { recursive: true });
}

describe.each(["journal", "d1"])("a feature in mode %s", (mode) => {
  beforeAll(() => start(mode));
  afterAll(stop);

  it("answers a command from committed state, and refuses by it", async () => {
    expect(await raise("first", 4)).toEqual([200, { value: 4 }]);
    expect(await raise("first", 6)).toEqual([200, { value: 10 }]);
    expect(await raise("first", 1)).toEqual([409, "limit_reached"]);
    expect(await value("first")).toEqual({ value: 10 });
    expect(await events("first")).toEqual([
      { type: "counter.raised", by: 4 },
      { type: "counter.raised", by: 6 },
    ]);
  });

  it("lets no more through than its rule allows, however many ask at once", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => raise("race", 1)));
    expect(answers.filter(([status]) => status === 200)).toHaveLength(10);
    expect(await events("race")).toHaveLength(10);
  });

  it("answers a repeated key as it did the first time, refusals too", async () => {
    const key = { "Idempotency-Key": "k1" };
    expect(await raise("again", 7, key)).toEqual([200, { value: 7 }]);
    expect(await raise("again", 7, key)).toEqual([200, { value: 7 }]);
    const other = { "Idempotency-Key": "k2" };
    expect(await raise("again", 5, other)).toEqual([409, "limit_reached"]);
    expect(await raise("again", 5, other)).toEqual([409, "limit_reached"]);
    expect(await raise("again", 3, key)).toEqual([409, "idempotency_key_reused"]);
    expect(await events("again")).toHaveLength(1);
  });

  it("leaves nothing where a command is refused and no stream is", async () => {
    expect(await raise("none", 11)).toEqual([409, "limit_reached"]);
    expect(await value("none")).toEqual({ value: 0 });
    expect((await fetch(`${server.url}/v1/stream/counter/none`)).status).toBe(404);
  });

  it("is followed as any stream", async () => {
    await raise("live", 1);
    const url = `${server.url}/v1/stream/counter/live?offset=-1&live=sse`;
    let raised = false;
    const seen = await follow(url, (all) => {
      if (!raised) void raise("live", 2);
      raised = true;
      return all.filter(({ event }) => event === "data").length === 2;
    });
    const read = seen
      .filter(({ event }) => event === "data")
      .map(({ data: text }) => JSON.parse(text));
    expect(read.flat()).toEqual([
      { type: "counter.raised", by: 1 },
      { type: "counter.raised", by: 2 },
    ]);
  });

  it.each(["PUT", "POST", "DELETE"])(
    "refuses a raw %s with the way of the command",
    async (method) => {
      const url = `${server.url}/v1/stream/counter/raw`;
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(url, {
        method,
        headers,
        ...(method === "DELETE" ? {} : { body: "{}" }),
      });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
      expect(await answer.text()).toContain("POST /api/counters/{name}");
      // A name that only begins like the feature's is anybody's.
      expect((await put(`${server.url}/v1/stream/counters`, "text/plain", "x")).status).toBe(201);
      await fetch(`${server.url}/v1/stream/counters`, { method: "DELETE" });
    },
  );

  it("does what is due although nobody asks", async () => {
    const body = JSON.stringify({ text: "short", livesMs: 300 });
    expect((await post("/api/rings", body)).status).toBe(200);
    const url = `${server.url}/v1/stream/ring/main?offset=-1&live=sse`;
    const seen = await follow(url, (all) =>
      all.some(({ data: text }) => text.includes("ring.ended")),
    );
    expect(seen.map(({ data: text }) => text).join("\n")).toContain(
      '{"type":"ring.ended","seq":0}',
    );
    const items = await (await fetch(`${server.url}/api/rings`)).json();
    expect(items).toMatchObject([{ text: "short", ended: 1 }]);
  });
});

interface Sent {
  readonly method: string;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

describe("a route", () => {
  beforeAll(() => start("journal"));
  afterAll(stop);

  const json = { "Content-Type": "application/json" };
  const bad: [string, string, Sent, number, string][] = [
    ["no body", "a", { method: "POST" }, 400, "invalid_request"],
    ["a body that is no JSON", "a", { method: "POST", body: "{" }, 400, "invalid_request"],
    [
      "a body that is not UTF-8",
      "a",
      { method: "POST", body: new Uint8Array([255]) },
      400,
      "invalid_request",
    ],
    ["a field that is missing", "a", { method: "POST", body: "{}" }, 400, "invalid_request"],
    [
      "a field of another type",
      "a",
      { method: "POST", body: '{"by":"1"}' },
      400,
      "invalid_request",
    ],
    [
      "a field that is unknown",
      "a",
      { method: "POST", body: '{"by":1,"to":2}' },
      400,
      "invalid_request",
    ],
    ["a value out of range", "a", { method: "POST", body: '{"by":0}' }, 400, "invalid_request"],
    ["a name that is none", "A", { method: "POST", body: '{"by":1}' }, 400, "invalid_request"],
    [
      "a name that is not UTF-8",
      "%ff",
      { method: "POST", body: '{"by":1}' },
      400,
      "invalid_request",
    ],
    [
      "a body that is too large",
      "a",
      { method: "POST", body: " ".repeat(65_537) },
      413,
      "body_too_large",
    ],
    [
      "a method that is none of its own",
      "a",
      { method: "PATCH", body: "{}" },
      405,
      "method_not_allowed",
    ],
    [
      "a key that is too long",
      "a",
      { method: "POST", body: '{"by":1}', headers: { "Idempotency-Key": "k".repeat(257) } },
      400,
      "invalid_idempotency_key",
    ],
  ];
  it.each(bad)("refuses %s", async (_what, name, init, status, code) => {
    const headers = { ...json, ...init.headers };
    const answer = await fetch(`${server.url}/api/counters/${name}`, { ...init, headers });
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });

  it("names each thing that is to be corrected", async () => {
    const answer = await post("/api/counters/a", '{"to":1}');
    const wrong = (await answer.json()) as { error: { message: string } };
    expect(wrong.error.message).toBe(
      "Correct the body: by is missing; to is not known here: leave it out.",
    );
    for (const body of ["null", '"text"']) {
      const { error: other } = (await (await post("/api/counters/a", body)).json()) as typeof wrong;
      expect(other.message).toBe("Correct the body: it must be a JSON object.");
    }
  });

  it("answers HEAD as GET, without a body", async () => {
    const answer = await fetch(`${server.url}/api/counters/a`, { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });
});

describe("the OpenAPI document", () => {
  beforeAll(() => start("journal"));
  afterAll(stop);

  it("describes every route by the schemas that check it", async () => {
    const document = await (await fetch(`${server.url}/api/openapi.json`)).json();
    expect(document).toMatchObject({
      openapi: "3.1.0",
      paths: {
        "/api/counters/{name}": {
          post: {
            parameters: [
              { name: "name", in: "path", required: true, schema: { pattern: "^[a-z]{1,20}$" } },
              { name: "Idempotency-Key", in: "header", required: false },
            ],
            requestBody: {
              content: {
                "application/json": {
                  schema: {
                    required: ["by"],
                    properties: { by: { type: "integer", minimum: 1 } },
                    additionalProperties: false,
                  },
                },
              },
            },
            responses: { 200: {}, default: {} },
          },
          get: {},
        },
        "/api/openapi.json": { get: {} },
      },
    });
  });
});

function post(path: string, body: string, headers = {}): Promise<Response> {
  const init = {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  };
  return fetch(server.url + path, init);
}

async function raise(name: string, by: number, headers = {}): Promise<[number, unknown]> {
  const answer = await post(`/api/counters/${name}`, JSON.stringify({ by }), headers);
  return [answer.status, answer.ok ? await answer.json() : await codeOf(answer)];
}

async function value(name: string): Promise<unknown> {
  return (await fetch(`${server.url}/api/counters/${name}`)).json();
}

async function events(name: string): Promise<unknown> {
  return (await fetch(`${server.url}/v1/stream/counter/${name}`)).json();
}
