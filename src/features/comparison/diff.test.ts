import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as v from "valibot";
import type { CfContext } from "./cf-context.ts";
import { diff } from "./diff.ts";
import { FINDING_CODES, FindingSchema, maxSeverity, SEVERITIES } from "./finding.ts";
import { SignalEnvelopeSchema, type SignalEnvelope } from "./signal-envelope.ts";

const ID = `${"a".repeat(40)}-0f8fad5b-d9cb-469f-a165-70867728950e`;

interface Answer {
  readonly status?: number;
  readonly finalUrl?: string;
  readonly redirects?: string[];
  readonly headers?: Record<string, string>;
  readonly cors?: Record<string, string>;
  readonly length?: number;
  readonly hash?: string;
  readonly ms?: number;
  readonly cf?: CfContext;
}

/** An envelope of a side that answered; the two sides are alike unless told otherwise. */
function answer(side: "left" | "right", given: Answer = {}): SignalEnvelope {
  const { status = 200, finalUrl = "https://example.com/", redirects = [], ms = 10 } = given;
  const seen = {
    response: {
      status,
      finalUrl,
      headers: {
        core: { "content-type": "text/html", ...given.headers },
        ...(given.cors === undefined ? {} : { accessControl: given.cors }),
      },
      contentLength: given.length ?? 1_000,
      bodyHash: (given.hash ?? "a").repeat(64),
    },
    redirects: redirects.map((to) => ({ status: 302, from: "https://example.com/", to })),
    durationMs: ms,
  };
  return envelope(
    side,
    status < 400 ? { ok: true, ...seen } : { ok: false, ...seen },
    given.cf === undefined ? {} : { cf: given.cf },
  );
}

function failure(side: "left" | "right"): SignalEnvelope {
  const error = { code: "dns_error", message: "The host's name could not be resolved." } as const;
  return envelope(side, { ok: false, error, durationMs: 5 });
}

function envelope(
  side: "left" | "right",
  result: SignalEnvelope["result"],
  rest: Pick<SignalEnvelope, "cf"> | object = {},
): SignalEnvelope {
  return v.parse(SignalEnvelopeSchema, {
    schemaVersion: 1,
    comparisonId: ID,
    probeId: `${ID}:${side}`,
    side,
    requestedUrl: "https://example.com/",
    capturedAt: "2026-11-01T00:00:00.000Z",
    result,
    ...rest,
  });
}

function findings(left: Answer, right: Answer): string[] {
  return diff(answer("left", left), answer("right", right)).map(
    ({ severity, code }) => `${severity} ${code}`,
  );
}

type Row = [what: string, left: Answer, right: Answer, severity: string | undefined];

const tabled = new Set(["PROBE_FAILURE"]);

/** Looks at one code only: a changed status, say, has consequences elsewhere. */
function table(code: string, rows: Row[]): void {
  tabled.add(code);
  describe(code, () => {
    it.each(rows)("%s", (_what, left, right, severity) => {
      const expected = severity === undefined ? [] : [`${severity} ${code}`];
      const swapped = findings(right, left).filter((f) => f.endsWith(` ${code}`));
      expect(findings(left, right).filter((f) => f.endsWith(` ${code}`))).toEqual(expected);
      expect(swapped).toEqual(expected);
    });
  });
}

describe("PROBE_FAILURE", () => {
  it.each([
    ["left", failure("left"), answer("right"), ["left"]],
    ["right, of an error status", answer("left", { status: 500 }), failure("right"), ["right"]],
    ["left, of an error status", failure("left"), answer("right", { status: 404 }), ["left"]],
    ["both", failure("left"), failure("right"), ["left", "right"]],
  ])("is critical and alone: %s", (_what, left, right, keys) => {
    expect(diff(left, right)).toEqual([
      expect.objectContaining({
        id: `PROBE_FAILURE:probe:${keys.join(",")}`,
        code: "PROBE_FAILURE",
        severity: "critical",
        keys,
      }),
    ]);
  });

  it("does not end the diff when both sides answer with an error status", () => {
    expect(findings({ status: 500 }, { status: 502, hash: "b" })).toEqual([
      "warn STATUS_MISMATCH",
      "info BODY_HASH_DRIFT",
    ]);
  });
});

table("STATUS_MISMATCH", [
  ["the same", { status: 200 }, { status: 200 }, undefined],
  ["200 and 204", { status: 200 }, { status: 204 }, "warn"],
  ["200 and 400", { status: 200 }, { status: 400 }, "critical"],
  ["299 and 499", { status: 299 }, { status: 499 }, "critical"],
  ["200 and 500", { status: 200 }, { status: 500 }, "critical"],
  ["200 and 304", { status: 200 }, { status: 304 }, "critical"],
  ["304 and 404", { status: 304 }, { status: 404 }, "critical"],
  ["304 and 503", { status: 304 }, { status: 503 }, "critical"],
  ["300 and 304", { status: 300 }, { status: 304 }, "warn"],
  ["404 and 410", { status: 404 }, { status: 410 }, "warn"],
  ["404 and 500", { status: 404 }, { status: 500 }, "warn"],
]);

table("FINAL_URL_MISMATCH", [
  ["the same", {}, {}, undefined],
  ["another host", {}, { finalUrl: "https://www.example.com/" }, "critical"],
  ["another port", {}, { finalUrl: "https://example.com:80/" }, "critical"],
  ["another scheme", {}, { finalUrl: "http://example.com/" }, "info"],
  ["another path", {}, { finalUrl: "https://example.com/a" }, "warn"],
  ["another query", {}, { finalUrl: "https://example.com/?a" }, "warn"],
  ["another scheme and path", {}, { finalUrl: "http://example.com/a" }, "warn"],
]);

const A = "https://example.com/a";
const B = "https://example.com/b";
const AWAY = "https://elsewhere.example/";
table("REDIRECT_CHAIN_CHANGED", [
  ["none", { finalUrl: A }, { finalUrl: B }, undefined],
  ["the same", { redirects: [A] }, { redirects: [A] }, undefined],
  ["another hop", { redirects: [A, B], finalUrl: B }, { redirects: [B, B], finalUrl: B }, "info"],
  ["another count", {}, { redirects: [A], finalUrl: A }, "warn"],
  ["two and three", { redirects: [A, B] }, { redirects: [A, A, B] }, "warn"],
  [
    "another final host",
    { redirects: [A], finalUrl: A },
    { redirects: [AWAY], finalUrl: AWAY },
    "critical",
  ],
  ["another final host and count", {}, { redirects: [AWAY], finalUrl: AWAY }, "critical"],
]);

const challenge = (value: string): Answer => ({ headers: { "www-authenticate": value } });
table("AUTH_CHALLENGE_PRESENT", [
  ["none", {}, {}, undefined],
  ["the same", challenge("Basic"), challenge("Basic"), undefined],
  ["on one side", {}, challenge("Basic"), "critical"],
  ["another", challenge("Basic"), challenge("Bearer"), "warn"],
]);

const ORIGIN = "access-control-allow-origin";
table("CORS_HEADER_DRIFT", [
  ["none", {}, {}, undefined],
  ["the same", { cors: { [ORIGIN]: "*" } }, { cors: { [ORIGIN]: "*" } }, undefined],
  ["on one side", {}, { cors: { [ORIGIN]: "*" } }, "warn"],
  ["another value", { cors: { [ORIGIN]: "*" } }, { cors: { [ORIGIN]: "null" } }, "warn"],
]);

const cache = (value: string): Answer => ({ headers: { "cache-control": value } });
table("CACHE_HEADER_DRIFT", [
  ["none", {}, {}, undefined],
  ["another order and case", cache("Public, max-age=60"), cache("max-age=60,public"), undefined],
  ["other names", cache("public, max-age=60"), cache("private, max-age=60"), "warn"],
  ["one name more", cache("max-age=60"), cache("max-age=60, immutable"), "warn"],
  ["on one side", {}, cache("no-store"), "warn"],
  ["other values", cache("public, max-age=60"), cache("public, max-age=61"), "info"],
]);

const vary = (value: string): Answer => ({ headers: { vary: value } });
table("VARY_DRIFT", [
  ["none", {}, {}, undefined],
  ["another order and case", vary("Accept, Origin"), vary("origin,accept"), undefined],
  ["other names", vary("Accept"), vary("Origin"), "warn"],
  ["on one side", {}, vary("Accept"), "warn"],
]);

const location = (value: string): Answer => ({ headers: { location: value } });
table("LOCATION_DRIFT", [
  ["the same", location("/a"), location("/a"), undefined],
  ["another", location("/a"), location("/b"), "warn"],
  ["on one side", {}, location("/a"), "warn"],
]);

const type = (value: string): Answer => ({ headers: { "content-type": value } });
table("CONTENT_TYPE_DRIFT", [
  ["the same", type("text/html"), type("TEXT/HTML"), undefined],
  ["another parameter", type("text/html"), type("text/html; charset=utf-8"), undefined],
  ["another minor type", type("text/html"), type("text/plain"), "warn"],
  ["another major type", type("text/html"), type("application/json"), "critical"],
]);

describe("CONTENT_TYPE_DRIFT", () => {
  it("warns when the type is missing on one side", () => {
    const [left, right] = [answer("left"), answer("right")];
    if (!("response" in right.result)) throw new Error("answer() answers");
    delete right.result.response.headers.core["content-type"];
    expect(diff(left, right).map(({ code, severity }) => [code, severity])).toEqual([
      ["CONTENT_TYPE_DRIFT", "warn"],
    ]);
  });
});

table("BODY_HASH_DRIFT", [
  ["the same", {}, {}, undefined],
  ["both 2xx, one type", { hash: "a" }, { hash: "b" }, "critical"],
  ["200 and 299", { hash: "a" }, { hash: "b", status: 299 }, "critical"],
  [
    "another charset",
    { hash: "a" },
    { hash: "b", headers: { "content-type": "text/html;charset=x" } },
    "critical",
  ],
  ["another type", { hash: "a" }, { hash: "b", headers: { "content-type": "text/plain" } }, "info"],
  ["200 and 404", { hash: "a" }, { hash: "b", status: 404 }, "info"],
  ["two times 404", { hash: "a", status: 404 }, { hash: "b", status: 404 }, "info"],
  ["200 and 304", { hash: "a" }, { hash: "b", status: 304 }, "info"],
]);

table("CONTENT_LENGTH_DRIFT", [
  ["the same", { length: 0 }, { length: 0 }, undefined],
  ["1 byte", { length: 0 }, { length: 1 }, "info"],
  ["199 bytes", { length: 0 }, { length: 199 }, "info"],
  ["200 bytes", { length: 0 }, { length: 200 }, "warn"],
  ["1,999 bytes", { length: 0 }, { length: 1_999 }, "warn"],
  ["2,000 bytes", { length: 0 }, { length: 2_000 }, "critical"],
  ["2,000 bytes and another status", { length: 0 }, { length: 2_000, status: 404 }, "warn"],
  ["199 bytes and another status", { length: 0 }, { length: 199, status: 404 }, "info"],
]);

table("TIMING_DRIFT", [
  ["the same", { ms: 5_000 }, { ms: 5_000 }, undefined],
  ["both below 50 ms", { ms: 1 }, { ms: 49.9 }, undefined],
  ["the slower at 50 ms", { ms: 45 }, { ms: 50 }, "info"],
  ["1.49 times", { ms: 100 }, { ms: 149 }, "info"],
  ["1.5 times", { ms: 100 }, { ms: 150 }, "warn"],
  ["2.49 times", { ms: 100 }, { ms: 249 }, "warn"],
  ["2.5 times", { ms: 100 }, { ms: 250 }, "critical"],
  ["299 ms", { ms: 1_000 }, { ms: 1_299 }, "info"],
  ["300 ms", { ms: 1_000 }, { ms: 1_300 }, "warn"],
  ["999 ms", { ms: 5_000 }, { ms: 5_999 }, "warn"],
  ["1,000 ms", { ms: 5_000 }, { ms: 6_000 }, "critical"],
  ["no time on one side", { ms: 0 }, { ms: 50 }, "critical"],
]);

const cf = (colo: string, ms = 10): Answer => ({ cf: { colo, country: "DE" }, ms });
table("CF_CONTEXT_DRIFT", [
  ["the same", cf("FRA"), cf("FRA"), undefined],
  ["unknown on one side", {}, cf("FRA"), undefined],
  ["partly unknown on one side", { cf: { country: "DE" } }, cf("FRA"), undefined],
  ["another data centre", cf("FRA"), cf("AMS"), "info"],
  ["another one, and timing drifts", cf("FRA", 100), cf("AMS", 110), "warn"],
]);

describe("the findings", () => {
  it("are none, and info, for two like answers", () => {
    const found = diff(answer("left"), answer("right"));
    expect(found).toEqual([]);
    expect(maxSeverity(found)).toBe("info");
  });

  it("have an id of code, section and sorted keys, and carry both values", () => {
    const left = { [ORIGIN]: "*", "access-control-allow-headers": "x" };
    expect(diff(answer("left", { cors: left }), answer("right"))).toEqual([
      {
        id: "CORS_HEADER_DRIFT:headers:access-control-allow-headers,access-control-allow-origin",
        code: "CORS_HEADER_DRIFT",
        severity: "warn",
        section: "headers",
        keys: ["access-control-allow-headers", ORIGIN],
        message: `The sides differ in access-control-allow-headers, ${ORIGIN}.`,
        left: `access-control-allow-headers: x; ${ORIGIN}: *`,
        right: `access-control-allow-headers: (absent); ${ORIGIN}: (absent)`,
      },
    ]);
  });

  it("are sorted by severity, code and message", () => {
    const left: Answer = { ...challenge("Basic"), hash: "b", ms: 100, length: 0 };
    expect(findings(left, { ms: 149, length: 199 })).toEqual([
      "critical AUTH_CHALLENGE_PRESENT",
      "critical BODY_HASH_DRIFT",
      "info CONTENT_LENGTH_DRIFT",
      "info TIMING_DRIFT",
    ]);
  });

  it("are valid, unique and sorted for any two probes, and none for a probe and itself", () => {
    const code = fc.string({ maxLength: 8 });
    const url = fc.constantFrom(A, B, AWAY, "http://example.com/a");
    const probed = fc.record({
      status: fc.constantFrom(200, 204, 304, 401, 404, 500),
      finalUrl: url,
      redirects: fc.array(url, { maxLength: 3 }),
      headers: fc.dictionary(fc.constantFrom("vary", "cache-control", "location"), code),
      cors: fc.dictionary(fc.constantFrom(ORIGIN, "access-control-max-age"), code),
      length: fc.nat(5_000),
      hash: fc.constantFrom("a", "b"),
      ms: fc.nat(3_000),
    });
    fc.assert(
      fc.property(probed, probed, (left, right) => {
        const found = diff(answer("left", left), answer("right", right));
        for (const finding of found) v.parse(FindingSchema, finding);
        expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
        const order = found.map(({ severity }) => SEVERITIES.indexOf(severity));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(maxSeverity(found)).toBe(found[0]?.severity ?? "info");
        expect(diff(answer("left", left), answer("right", left))).toEqual([]);
      }),
    );
  });

  it("have a table or a test for each code", () => {
    expect([...tabled]).toEqual([...FINDING_CODES]);
  });
});
