/** The comparison over HTTP, as its users meet it: on the demo of a server that was just started, in both modes. */

import { describe, expect, inject, it } from "vitest";
import { codeOf, follow, SERVERS } from "../http/http.ts";

interface Started {
  readonly comparisonId: string;
  readonly stream: string;
}

interface Report {
  readonly status: string;
  readonly result?: { readonly findings: { readonly code: string; readonly severity: string }[] };
}

const PAIR_KEY = "0123456789abcdef0123456789abcdef01234567";
const UNKNOWN = `${PAIR_KEY}-0f8fad5b-d9cb-469f-a165-70867728950e`;

function post(server: string, body: unknown, headers = {}): Promise<Response> {
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const sent = raw ? (body as BodyInit) : JSON.stringify(body);
  return fetch(`${server}/api/compare`, { method: "POST", body: sent, headers });
}

function demo(server: string) {
  return { leftUrl: `${server}/demo/staging`, rightUrl: `${server}/demo/production` };
}

async function start(server: string, body: unknown, headers = {}): Promise<Started> {
  const answer = await post(server, body, headers);
  expect(answer.status).toBe(202);
  const started = (await answer.json()) as Started;
  expect(answer.headers.get("Location")).toBe(`/api/compare/${started.comparisonId}`);
  return started;
}

/** Follows the stream until the comparison has ended, and reads what came of it. */
async function finish(server: string, { comparisonId, stream }: Started): Promise<Report> {
  const hasEnded = (events: readonly { readonly data: string }[]) =>
    events.some(
      ({ data }) => data.includes(comparisonId) && /"comparison\.(?:completed|failed)"/.test(data),
    );
  // A connection may end before the comparison does: who follows comes back.
  while (!hasEnded(await follow(`${server}${stream}?offset=-1&live=sse`, hasEnded)));
  const answer = await fetch(`${server}/api/compare/${comparisonId}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Report;
}

describe.each(SERVERS)("a comparison (mode %s)", (_mode, url) => {
  const server = new URL(url).origin;

  it("of the demo finds its drift, and tells it to who follows", async () => {
    const started = await start(server, { ...demo(server), leftLabel: "staging" });
    const { status, result } = await finish(server, started);
    expect(status).toBe("completed");
    expect(result).toMatchObject({
      ...demo(server),
      leftLabel: "staging",
      maxSeverity: "critical",
      explainedBy: "rules",
      left: { side: "left", result: { ok: true, redirects: [{ status: 302 }] } },
      right: { side: "right", result: { ok: true, redirects: [] } },
    });
    // How long two answers take may differ too, or not.
    const findings = result?.findings.filter(({ code }) => code !== "TIMING_DRIFT");
    expect(findings?.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      "critical BODY_HASH_DRIFT",
      "warn CACHE_HEADER_DRIFT",
      "warn CORS_HEADER_DRIFT",
      "warn FINAL_URL_MISMATCH",
      "warn REDIRECT_CHAIN_CHANGED",
      "warn VARY_DRIFT",
      "info CONTENT_LENGTH_DRIFT",
    ]);

    const all = (await (await fetch(server + started.stream)).json()) as { type: string }[];
    const events = all.filter((event) => JSON.stringify(event).includes(started.comparisonId));
    expect(events.map(({ type }) => type)).toEqual([
      "comparison.created",
      "probe.saved",
      "probe.saved",
      "comparison.completed",
    ]);
  });

  it("completes with a failed probe where a side does not answer", async () => {
    const leftUrl = "http://headwater.invalid/";
    const started = await start(server, { ...demo(server), leftUrl });
    const { status, result } = await finish(server, started);
    expect(status).toBe("completed");
    expect(result?.findings).toEqual([
      expect.objectContaining({
        id: "PROBE_FAILURE:probe:left",
        severity: "critical",
        left: "dns_error: The host's name could not be resolved.",
        right: "status 200",
      }),
    ]);
  });

  it("has one stream for a pair, in whichever order, and a history", async () => {
    const [leftUrl, rightUrl] = [`${server}/demo/production?a`, `${server}/demo/production`];
    const first = await start(server, { leftUrl, rightUrl });
    await finish(server, first);
    const second = await start(server, { leftUrl: `${rightUrl}#part`, rightUrl: leftUrl });
    expect(second.stream).toBe(first.stream);
    await finish(server, second);

    const history = async (query: string) => {
      const answer = await fetch(`${server}/api/compare/${first.comparisonId}/history${query}`);
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { history: Started[] }).history;
    };
    const ids = [second.comparisonId, first.comparisonId];
    expect((await history("")).map(({ comparisonId }) => comparisonId)).toEqual(ids);
    expect(await history("?limit=1")).toEqual([
      expect.objectContaining({
        comparisonId: second.comparisonId,
        leftUrl: rightUrl,
        rightUrl: leftUrl,
        findingCodes: expect.arrayContaining(["FINAL_URL_MISMATCH"]),
      }),
    ]);
  });

  it("is started once for an Idempotency-Key", async () => {
    const key = { "Idempotency-Key": "monday" };
    const body = { ...demo(server), rightUrl: `${server}/demo/production?key` };
    const first = await start(server, body, key);
    await finish(server, first);
    expect(await start(server, body, key)).toEqual(first);
    const other = await post(server, { ...body, leftLabel: "other" }, key);
    expect([other.status, await codeOf(other)]).toEqual([409, "idempotency_key_reused"]);
    const events = (await (await fetch(server + first.stream)).json()) as unknown[];
    expect(events).toHaveLength(4);
    // A key belongs to its pair.
    const elsewhere = { ...body, rightUrl: `${server}/demo/production?elsewhere` };
    expect((await start(server, elsewhere, key)).comparisonId).not.toBe(first.comparisonId);
  });

  it("refuses a raw write to its stream, and names the way", async () => {
    const answer = await fetch(`${server}/v1/stream/comparison/${PAIR_KEY}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    expect(answer.status).toBe(405);
    expect(await answer.text()).toContain("POST /api/compare");
  });
});

const server = new URL(inject("servers").journal).origin;
const good = demo(server);

describe("POST /api/compare refuses", () => {
  const without = (name: keyof typeof good) => ({ ...good, [name]: undefined });
  it.each([
    ["no JSON", "{", "invalid_request"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "invalid_request"],
    ["an empty body", "", "invalid_request"],
    ["an array", [good], "invalid_request"],
    ["null", "null", "invalid_request"],
    ["no leftUrl", without("leftUrl"), "invalid_request"],
    ["no rightUrl", without("rightUrl"), "invalid_request"],
    ["a URL of another type", { ...good, leftUrl: 7 }, "invalid_request"],
    ["an empty URL", { ...good, leftUrl: "" }, "invalid_request"],
    [
      "a long URL",
      { ...good, leftUrl: `https://a.example/${"x".repeat(2_048)}` },
      "invalid_request",
    ],
    ["an empty label", { ...good, leftLabel: "" }, "invalid_request"],
    ["a long label", { ...good, rightLabel: "x".repeat(65) }, "invalid_request"],
    [
      "a control character in a URL",
      { ...good, leftUrl: "https://a.example/\n" },
      "invalid_request",
    ],
    ["a control character in a label", { ...good, leftLabel: "a\u0000" }, "invalid_request"],
    ["a label of another type", { ...good, rightLabel: null }, "invalid_request"],
    ["an unknown field", { ...good, timeout: 5 }, "invalid_request"],
    ["a relative URL", { ...good, rightUrl: "/demo/staging" }, "invalid_url"],
    ["a broken URL", { ...good, leftUrl: "http://" }, "invalid_url"],
    ["another scheme", { ...good, leftUrl: "ftp://example.com/" }, "ssrf_blocked"],
    ["a private address", { ...good, leftUrl: "http://10.0.0.1/" }, "ssrf_blocked"],
    ["a private address in octal", { ...good, rightUrl: "http://0177.1/" }, "ssrf_blocked"],
    ["another port", { ...good, rightUrl: "https://example.com:8443/" }, "ssrf_blocked"],
    ["a password", { ...good, rightUrl: "https://a:b@example.com/" }, "ssrf_blocked"],
  ])("%s", async (_what, body, code) => {
    const answer = await post(server, body);
    expect([answer.status, await codeOf(answer)]).toEqual([400, code]);
  });

  it("a body that is too large", async () => {
    const answer = await post(server, { ...good, leftLabel: "x".repeat(70_000) });
    expect([answer.status, await codeOf(answer)]).toEqual([413, "body_too_large"]);
  });

  it.each(["", "x".repeat(257)])("the Idempotency-Key %j", async (key) => {
    const answer = await post(server, good, { "Idempotency-Key": key });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_idempotency_key"]);
  });

  it("with a message that names what to correct", async () => {
    const answer = await post(server, { ...good, leftUrl: 7, rightLabel: "" });
    expect(await answer.json()).toEqual({
      error: {
        code: "invalid_request",
        message:
          "Correct the body: leftUrl: Send an absolute URL; rightLabel: Send some text, or leave the label out.",
      },
    });
  });
});

describe("GET /api/compare/{id} refuses", () => {
  it.each([
    "x",
    PAIR_KEY,
    `${UNKNOWN}x`,
    UNKNOWN.toUpperCase(),
    `${UNKNOWN}%00`,
    "..%2f..%2fticket",
    "a".repeat(5_000),
  ])("the id %s", async (id) => {
    for (const suffix of ["", "/history"]) {
      const answer = await fetch(`${server}/api/compare/${id}${suffix}`);
      expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_request"]);
    }
  });

  it("an id that nobody was given, and the id of another pair", async () => {
    const { comparisonId } = await start(server, demo(server));
    const foreign = PAIR_KEY + comparisonId.slice(PAIR_KEY.length);
    for (const id of [UNKNOWN, foreign]) {
      for (const suffix of ["", "/history"]) {
        const answer = await fetch(`${server}/api/compare/${id}${suffix}`);
        expect([answer.status, await codeOf(answer)]).toEqual([404, "comparison_not_found"]);
      }
    }
    // Asking has made nothing.
    expect((await fetch(`${server}/v1/stream/comparison/${PAIR_KEY}`)).status).toBe(404);
  });

  it.each(["limit=0", "limit=51", "limit=-1", "limit=1.5", "limit=", "limit=all", "top=3"])(
    "a history with %s",
    async (query) => {
      const answer = await fetch(`${server}/api/compare/${UNKNOWN}/history?${query}`);
      expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_request"]);
    },
  );

  it.each(["PUT", "DELETE", "POST"])("the method %s", async (method) => {
    const answer = await fetch(`${server}/api/compare/${UNKNOWN}`, { method });
    expect([answer.status, await codeOf(answer)]).toEqual([405, "method_not_allowed"]);
  });
});

describe("the OpenAPI document", () => {
  it("describes the routes by the schemas that check them", async () => {
    const document = (await (await fetch(`${server}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, Record<string, unknown>>>;
    };
    const { paths } = document;
    expect(paths["/api/compare"]?.["post"]?.["requestBody"]).toMatchObject({
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["leftUrl", "rightUrl"],
            additionalProperties: false,
            properties: { leftUrl: { type: "string", maxLength: 2_048 } },
          },
        },
      },
    });
    expect(paths["/api/compare/{id}"]?.["get"]?.["parameters"]).toEqual([
      expect.objectContaining({ name: "id", in: "path", required: true }),
    ]);
    expect(paths["/api/compare/{id}/history"]?.["get"]?.["parameters"]).toEqual([
      expect.objectContaining({ name: "id", in: "path" }),
      expect.objectContaining({ name: "limit", in: "query", required: false }),
    ]);
    expect(JSON.stringify(paths["/api/compare/{id}"])).toContain("STATUS_MISMATCH");
  });
});
