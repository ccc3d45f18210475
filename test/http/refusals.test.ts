/** Every refusal that a client can cause: status, code, headers, and that nothing was changed by it. */

import { describe, expect, it } from "vitest";
import { codeOf, freshUrl, nextOffset, post, producer, put, SERVERS } from "./http.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const CLOSED = { "Stream-Closed": "true" };

interface Case {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

// Each is sent to an open text stream that holds "hello", where not said otherwise.
const REFUSED: readonly Case[] = [
  {
    name: "a live mode that is none",
    status: 400,
    code: "invalid_live_mode",
    query: "?live=x&offset=-1",
  },
  { name: "a live read without offset", status: 400, code: "offset_missing", query: "?live=sse" },
  { name: "an empty offset", status: 400, code: "invalid_offset", query: "?offset=" },
  { name: "two offsets", status: 400, code: "invalid_offset", query: "?offset=-1&offset=-1" },
  { name: "an offset in no form", status: 400, code: "invalid_offset", query: "?offset=../a" },
  {
    name: "an offset of no frame",
    status: 400,
    code: "invalid_offset",
    query: "?offset=0000000000000001_0000000000000002",
  },
  { name: "nothing to append", status: 400, code: "empty_body", method: "POST" },
  {
    name: "a body without type",
    status: 400,
    code: "content_type_missing",
    method: "POST",
    body: "x",
  },
  {
    name: "a type that is none",
    status: 400,
    code: "invalid_content_type",
    method: "POST",
    body: "x",
    headers: { "Content-Type": "text" },
  },
  {
    name: "another type",
    status: 409,
    code: "content_type_mismatch",
    method: "POST",
    body: "x",
    headers: { "Content-Type": JSON_TYPE },
  },
  ...[
    { "Producer-Id": "p" },
    producer(-1, 0),
    producer(0, "1e3"),
    producer("9007199254740992", 0),
  ].map((headers) => ({
    name: `producer headers ${JSON.stringify(headers)}`,
    status: 400,
    code: "invalid_producer",
    method: "POST",
    body: "x",
    headers: { "Content-Type": TEXT, ...headers },
  })),
  {
    name: "a Stream-Seq that is too long",
    status: 400,
    code: "invalid_stream_seq",
    method: "POST",
    body: "x",
    headers: { "Content-Type": TEXT, "Stream-Seq": "x".repeat(1_025) },
  },
  ...["+1", "01", "1.5", "1e3", "-1", "x"].map((ttl) => ({
    name: `a TTL of ${ttl}`,
    status: 400,
    code: "invalid_ttl",
    method: "PUT",
    headers: { "Stream-TTL": ttl },
  })),
  ...["0", "-1", "1.5", "1e3", "01", "x"].flatMap((bound) =>
    ["Messages", "Bytes", "Seconds"].map((unit) => ({
      name: `a retention of ${bound} ${unit}`,
      status: 400,
      code: "invalid_retention",
      method: "PUT",
      headers: { [`Stream-Retention-${unit}`]: bound },
    })),
  ),
  {
    name: "another retention",
    status: 409,
    code: "stream_exists",
    method: "PUT",
    headers: { "Content-Type": TEXT, "Stream-Retention-Bytes": "1" },
  },
  {
    name: "a DELETE with a parameter that it does not have",
    status: 400,
    code: "invalid_query",
    method: "DELETE",
    query: "?befor=now",
  },
  {
    name: "an expiry that is no timestamp",
    status: 400,
    code: "invalid_expires_at",
    method: "PUT",
    headers: { "Stream-Expires-At": "tomorrow" },
  },
  {
    name: "TTL and expiry",
    status: 400,
    code: "conflicting_expiry",
    method: "PUT",
    headers: { "Stream-TTL": "1", "Stream-Expires-At": "2030-01-01T00:00:00Z" },
  },
  {
    name: "a fork of no path",
    status: 400,
    code: "invalid_fork_source",
    method: "PUT",
    headers: { "Stream-Forked-From": "/v1/stream/a//b" },
  },
  {
    name: "a fork offset without source",
    status: 400,
    code: "invalid_fork_offset",
    method: "PUT",
    headers: { "Stream-Fork-Offset": "0000000000000000_0000000000000000" },
  },
  {
    name: "a sub-offset without source",
    status: 400,
    code: "invalid_fork_sub_offset",
    method: "PUT",
    headers: { "Stream-Fork-Sub-Offset": "1" },
  },
  {
    name: "another configuration",
    status: 409,
    code: "stream_exists",
    method: "PUT",
    headers: CLOSED,
  },
  { name: "a method that streams lack", status: 405, code: "method_not_allowed", method: "PATCH" },
];

describe.each(SERVERS)("refusals, %s", (_, server) => {
  it.each(REFUSED)(
    "$name: $status $code",
    async ({ status, code, method, query, headers, body }) => {
      const url = freshUrl(server);
      const at = nextOffset(await put(url, TEXT, "hello"));
      const answer = await fetch(url + (query ?? ""), {
        method: method ?? "GET",
        headers: new Headers(headers),
        // Bytes: fetch would give a string a type of its own.
        ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
      });
      expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
      expect(answer.headers.get("Content-Type")).toBe(JSON_TYPE);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(answer.headers.get("Access-Control-Allow-Origin")).toBe("*");
      if (status === 405) expect(answer.headers.get("Allow")).toContain("DELETE");
      expect(nextOffset(await fetch(url, { method: "HEAD" }))).toBe(at);
    },
  );

  it.each(["/", "/v1/streams/x", "/v1/stream/__ds/subscriptions/x"])(
    "%s: 404 not_found",
    async (path) => {
      const answer = await fetch(server + path);
      expect([answer.status, await codeOf(answer)]).toEqual([404, "not_found"]);
    },
  );

  it.each(["a//b", "..%2fa", "%00", "%ff", "x".repeat(1_025)])(
    "the path %j: 400 invalid_path",
    async (path) => {
      const answer = await put(`${server}/v1/stream/${path}`, TEXT, "x");
      expect([answer.status, await codeOf(answer)]).toEqual([400, "invalid_path"]);
    },
  );

  it.each(["GET", "POST", "DELETE"])("%s of no stream: 404 stream_not_found", async (method) => {
    const init = method === "POST" ? { body: "x", headers: { "Content-Type": TEXT } } : {};
    const answer = await fetch(freshUrl(server), { method, ...init });
    expect([answer.status, await codeOf(answer)]).toEqual([404, "stream_not_found"]);
  });

  it("HEAD of no stream: 404 without a body", async () => {
    const answer = await fetch(freshUrl(server), { method: "HEAD" });
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
  });

  it.each([
    ["{", 400, "invalid_json"],
    ["[]", 400, "empty_array"],
  ])("%s to a JSON stream: %i %s", async (body, status, code) => {
    const url = freshUrl(server);
    await put(url, JSON_TYPE);
    const answer = await post(url, JSON_TYPE, body);
    expect([answer.status, await codeOf(answer)]).toEqual([status, code]);
  });

  it("a closed stream before everything else: 409 with its end", async () => {
    const url = freshUrl(server);
    const at = nextOffset(await put(url, TEXT, "x", CLOSED));
    const answer = await post(url, JSON_TYPE, "{", { ...producer(0, 7), "Stream-Seq": "0" });
    expect([answer.status, await codeOf(answer)]).toEqual([409, "stream_closed"]);
    expect([answer.headers.get("Stream-Closed"), nextOffset(answer)]).toEqual(["true", at]);
  });

  it("forks of what cannot be forked", async () => {
    const [source, fork] = [freshUrl(server), freshUrl(server)];
    const from = { "Stream-Forked-From": new URL(source).pathname };
    const attempt = async (headers: Record<string, string>) => {
      const answer = await fetch(fork, { method: "PUT", headers: { ...from, ...headers } });
      return [answer.status, answer.ok ? "" : await codeOf(answer)];
    };
    expect(await attempt({})).toEqual([404, "source_not_found"]);
    await put(source, TEXT, "hello");
    await post(source, TEXT, "world");
    expect(await attempt({ "Content-Type": JSON_TYPE })).toEqual([409, "content_type_mismatch"]);
    const zero = "0000000000000000_0000000000000000";
    const beyond = "0000000000000009_0000000000000099";
    expect(await attempt({ "Stream-Fork-Offset": beyond })).toEqual([400, "invalid_fork_offset"]);
    const past = { "Stream-Fork-Offset": zero, "Stream-Fork-Sub-Offset": "6" };
    expect(await attempt(past)).toEqual([400, "invalid_fork_sub_offset"]);
    expect(await attempt({ "Stream-Fork-Offset": zero, "Stream-Fork-Sub-Offset": "5" })).toEqual([
      201,
      "",
    ]);
    await fetch(source, { method: "DELETE" });
    const gone = await fetch(source);
    expect([gone.status, await codeOf(gone)]).toEqual([410, "stream_deleted"]);
    const blocked = await put(source, TEXT);
    expect([blocked.status, await codeOf(blocked)]).toEqual([409, "path_blocked"]);
    await fetch(fork, { method: "DELETE" });
  });

  it("a fork of a deleted source that others still read: 409 source_deleted", async () => {
    const [source, first, second] = [freshUrl(server), freshUrl(server), freshUrl(server)];
    const headers = { "Stream-Forked-From": new URL(source).pathname };
    await put(source, TEXT, "x");
    expect((await fetch(first, { method: "PUT", headers })).status).toBe(201);
    await fetch(source, { method: "DELETE" });
    const answer = await fetch(second, { method: "PUT", headers });
    expect([answer.status, await codeOf(answer)]).toEqual([409, "source_deleted"]);
  });
});
