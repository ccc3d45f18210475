import { describe, expect, inject, it } from "vitest";
import * as v from "valibot";
import { BODY_BYTES_MAX } from "./body-signal.ts";
import { canConnect } from "./connection.ts";
import { parseUrl } from "./normalized-url.ts";
import { probe, type ProbeEffects } from "./probe.ts";
import { ProbeResultSchema, type ProbeResult } from "./signal-envelope.ts";

const host = inject("probeTarget");
const origin = `http://${host}`;

async function ask(target: string, effects: Partial<ProbeEffects> = {}): Promise<ProbeResult> {
  const url = parseUrl(target.startsWith("/") ? origin + target : target);
  if (url === undefined) throw new Error(`${target} is no URL`);
  const { result } = await probe(url, {
    fetch: (address, init) => fetch(address, init),
    now: () => Date.now(),
    canConnect,
    allowed: new Set([host, "127.0.0.1:1"]),
    budgetMs: 5_000,
    ...effects,
  });
  return v.parse(ProbeResultSchema, result);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function failure(target: string, effects?: Partial<ProbeEffects>) {
  const result = await ask(target, effects);
  expect(result.ok).toBe(false);
  return "error" in result ? result.error : undefined;
}

describe("a probe that is answered", () => {
  it("keeps the headers that are compared, the length and the hash of the body", async () => {
    expect(await ask("/ok")).toEqual({
      ok: true,
      response: {
        status: 200,
        finalUrl: `${origin}/ok`,
        headers: {
          core: {
            "cache-control": "public, max-age=60",
            "content-type": "text/html; charset=utf-8",
            vary: "Accept",
          },
          accessControl: { "access-control-allow-origin": "*", "access-control-max-age": "5" },
        },
        contentLength: 5,
        bodyHash: await sha256(new TextEncoder().encode("hello")),
      },
      redirects: [],
      durationMs: expect.any(Number),
    });
  });

  it("has an empty body of length 0", async () => {
    expect(await ask("/empty")).toMatchObject({
      ok: true,
      response: { status: 204, contentLength: 0 },
    });
  });

  it.each([
    ["/big", 1_500_000],
    ["/big-chunked", undefined],
  ])("reads one MiB of the body of %s, and says %s", async (path, length) => {
    const result = await ask(path);
    const response = "response" in result ? result.response : undefined;
    expect(response?.contentLength).toBe(length);
    expect(response?.bodyHash).toBe(await sha256(new Uint8Array(BODY_BYTES_MAX).fill(97)));
  });

  it.each([
    ["/error", 503],
    ["/missing", 404],
  ])("is an HTTP error at %s", async (path, status) => {
    expect(await ask(path)).toMatchObject({ ok: false, response: { status }, redirects: [] });
  });

  it("cuts a header that is too long", async () => {
    const result = await ask("/forbidden");
    const headers = "response" in result ? result.response.headers : undefined;
    expect(headers?.core["www-authenticate"]).toHaveLength(2_048);
  });
});

describe("redirects", () => {
  it("are followed by hand, each of the five statuses", async () => {
    const result = await ask("/chain/5");
    const { redirects } = "redirects" in result ? result : { redirects: [] };
    expect(redirects.map(({ status }) => status)).toEqual([301, 308, 307, 303, 302]);
    expect(redirects[0]).toEqual({
      status: 301,
      from: `${origin}/chain/5`,
      to: `${origin}/chain/4`,
    });
    expect(result).toMatchObject({ ok: true, response: { finalUrl: `${origin}/ok` } });
  });

  it("are followed ten times and not eleven", async () => {
    expect(await ask("/chain/10")).toMatchObject({ ok: true, response: { status: 200 } });
    expect(await failure("/chain/11")).toEqual({
      code: "fetch_error",
      message: "There are more than 10 redirects.",
    });
  });

  it.each([
    ["in a circle", "/loop", "fetch_error", "go round in a circle"],
    ["without a Location", "/no-location", "fetch_error", "without a Location"],
    ["to no URL", "/bad-location", "invalid_url", "no URL"],
    ["to a private address", "/private", "ssrf_blocked", "169.254.169.254"],
    ["to another port of an allowed host", "/other-port", "ssrf_blocked", "ports 80 and 443"],
  ])("fail %s", async (_what, path, code, words) => {
    const error = await failure(path);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(words);
  });
});

describe("a probe that is not answered", () => {
  it("never asks what the guard refuses", async () => {
    const asked: string[] = [];
    const error = await failure("http://10.0.0.1/", {
      fetch: (url) => {
        asked.push(url);
        throw new Error("asked");
      },
    });
    expect(error?.code).toBe("ssrf_blocked");
    expect(asked).toEqual([]);
  });

  it.each(["/silent", "/stalling"])("ends with its budget at %s", async (path) => {
    const result = await ask(path, { budgetMs: 300 });
    expect(result).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect(result.durationMs).toBeGreaterThanOrEqual(290);
    expect(result.durationMs).toBeLessThan(5_000);
  });

  it.each([
    ["/reset", "fetch_error"],
    [`http://127.0.0.1:1/`, "fetch_error"],
    [`https://127.0.0.1:1/`, "fetch_error"],
    [`https://${host}/`, "tls_error"],
    ["http://headwater.invalid/", "dns_error"],
    ["https://headwater.invalid/", "dns_error"],
  ])("says why at %s", async (target, code) => {
    expect((await failure(target))?.code).toBe(code);
  });
});
