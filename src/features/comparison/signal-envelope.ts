/** What one probe saw, as it is stored: the schemas are the types, and the validation of what a command brings. */

import * as v from "valibot";
import { CfContextSchema } from "./cf-context.ts";
import { COMPARISON_ID_PATTERN, type Side } from "./ids.ts";
import { URL_LENGTH_MAX } from "./normalized-url.ts";

/** The longest header value that is kept, in UTF-16 units; the rest is cut off. */
export const HEADER_LENGTH_MAX = 2_048;
/** Headers with longer names are left out: no browser knows one. */
export const HEADER_NAME_LENGTH_MAX = 48;
/** How many `access-control-*` headers are kept. */
export const ACCESS_CONTROL_HEADERS_MAX = 16;
/** How many redirects are followed. */
export const REDIRECTS_MAX = 10;

/** The headers that are compared, besides every `access-control-*`. */
export const CORE_HEADERS = [
  "cache-control",
  "content-type",
  "vary",
  "www-authenticate",
  "location",
] as const;

/** Why a probe got no answer, or a comparison no result. */
export const PROBE_ERROR_CODES = [
  "invalid_url",
  "ssrf_blocked",
  "timeout",
  "dns_error",
  "tls_error",
  "fetch_error",
  "internal_error",
] as const;

const SIDES = ["left", "right"] as const satisfies readonly Side[];
const Url = v.pipe(v.string(), v.maxLength(URL_LENGTH_MAX));
const Short = v.pipe(v.string(), v.maxLength(256));
const HeaderValue = v.pipe(v.string(), v.maxLength(HEADER_LENGTH_MAX));
const Milliseconds = v.pipe(v.number(), v.minValue(0));
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Status = v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(999));

const HeadersSchema = v.strictObject({
  core: v.partial(
    v.strictObject({
      "cache-control": HeaderValue,
      "content-type": HeaderValue,
      vary: HeaderValue,
      "www-authenticate": HeaderValue,
      location: HeaderValue,
    }),
  ),
  /** By name, in lower case; absent when there is none. */
  accessControl: v.optional(v.record(Short, HeaderValue)),
});

export const ProbeResponseSchema = v.strictObject({
  status: Status,
  finalUrl: Url,
  headers: HeadersSchema,
  /** Bytes of the decoded body; absent when it is longer than what is read and no header says how long. */
  contentLength: v.optional(Count),
  /** SHA-256 of the first MiB of the body at most, in hexadecimal. */
  bodyHash: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
});

const RedirectSchema = v.strictObject({ status: Status, from: Url, to: Url });
const RedirectsSchema = v.pipe(v.array(RedirectSchema), v.maxLength(REDIRECTS_MAX));

export const ProbeErrorSchema = v.strictObject({
  code: v.picklist(PROBE_ERROR_CODES),
  message: v.pipe(v.string(), v.maxLength(1_024)),
});

const AnsweredSchema = v.strictObject({
  ok: v.literal(true),
  response: ProbeResponseSchema,
  redirects: RedirectsSchema,
  durationMs: Milliseconds,
});

const HttpErrorSchema = v.strictObject({
  ok: v.literal(false),
  response: ProbeResponseSchema,
  redirects: RedirectsSchema,
  durationMs: Milliseconds,
});

const NetworkFailureSchema = v.strictObject({
  ok: v.literal(false),
  error: ProbeErrorSchema,
  durationMs: Milliseconds,
});

/** An answer, an answer that is an HTTP error (status 400 and above), or none. */
export const ProbeResultSchema = v.union([AnsweredSchema, HttpErrorSchema, NetworkFailureSchema]);

export const SignalEnvelopeSchema = v.strictObject({
  schemaVersion: v.literal(1),
  comparisonId: v.pipe(v.string(), v.regex(COMPARISON_ID_PATTERN)),
  probeId: v.pipe(v.string(), v.maxLength(128)),
  side: v.picklist(SIDES),
  requestedUrl: Url,
  capturedAt: v.pipe(v.string(), v.isoTimestamp()),
  cf: v.optional(CfContextSchema),
  result: ProbeResultSchema,
});

export type ProbeResponse = v.InferOutput<typeof ProbeResponseSchema>;
export type ProbeError = v.InferOutput<typeof ProbeErrorSchema>;
export type ProbeResult = v.InferOutput<typeof ProbeResultSchema>;
export type AnsweredResult = Extract<ProbeResult, { response: unknown }>;
export type SignalEnvelope = v.InferOutput<typeof SignalEnvelopeSchema>;

/** What the rules of the comparison are given: both sides have answered, be it with an error status. */
export interface AnsweredPair {
  readonly left: AnsweredResult;
  readonly right: AnsweredResult;
}
