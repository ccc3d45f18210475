/** From what a client sends to what is compared: URLs in their normal spelling that may be asked. */

import * as v from "valibot";
import type { FeatureRefusal } from "#features/refusal.ts";
import { LABEL_LENGTH_MAX, type Subject } from "./events.ts";
import { formatComparisonId } from "./ids.ts";
import { parseUrl, URL_LENGTH_MAX, type NormalizedUrl } from "./normalized-url.ts";
import { derivePairKey } from "./pair-key.ts";
import { comparisonRefusal } from "./refusals.ts";
import { sha256Hex } from "./sha256.ts";
import { decideTarget, type AllowedHosts } from "./ssrf-guard.ts";

const PRINTABLE = /^\P{C}*$/u;
const CONTROLS = "It must not have control characters.";

// Whether it is a URL, and one that may be asked, has codes of its own: the schema looks at the text alone.
const Url = v.pipe(
  v.string("Send an absolute URL."),
  v.nonEmpty("Send an absolute URL."),
  v.maxLength(URL_LENGTH_MAX, `A URL has at most ${URL_LENGTH_MAX} characters.`),
  v.regex(PRINTABLE, CONTROLS),
  v.examples(["https://example.com/"]),
);
const Label = v.optional(
  v.pipe(
    v.string("Send text."),
    v.nonEmpty("Send some text, or leave the label out."),
    v.maxLength(LABEL_LENGTH_MAX, `A label has at most ${LABEL_LENGTH_MAX} characters.`),
    v.regex(PRINTABLE, CONTROLS),
  ),
);

/** The body of `POST /api/compare`. */
export const CompareSchema = v.strictObject(
  { leftUrl: Url, rightUrl: Url, leftLabel: Label, rightLabel: Label },
  "Send leftUrl and rightUrl, and leftLabel and rightLabel if you like; nothing else.",
);

export type CompareBody = v.InferOutput<typeof CompareSchema>;

type Parsed =
  | { readonly ok: true; readonly subject: Subject }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

/**
 * Makes a comparison of a request.
 *
 * @param key the request's `Idempotency-Key`: the same key for the same URLs gives the same comparison
 * @param newId a random UUID for a request without a key
 */
export async function parseSubject(
  { leftUrl, rightUrl, leftLabel, rightLabel }: CompareBody,
  allowed: AllowedHosts,
  key: string | undefined,
  newId: () => string,
): Promise<Parsed> {
  const left = parseTarget("leftUrl", leftUrl, allowed);
  if (!left.ok) return left;
  const right = parseTarget("rightUrl", rightUrl, allowed);
  if (!right.ok) return right;
  const pairKey = await derivePairKey(left.url, right.url);
  const uuid = key === undefined ? newId() : await deriveUuid(`${pairKey}\n${key}`);
  const subject = {
    comparisonId: formatComparisonId(pairKey, uuid),
    leftUrl: left.url,
    rightUrl: right.url,
    ...(leftLabel === undefined ? {} : { leftLabel }),
    ...(rightLabel === undefined ? {} : { rightLabel }),
  };
  return { ok: true, subject };
}

type Target =
  | { readonly ok: true; readonly url: NormalizedUrl }
  | { readonly ok: false; readonly refusal: FeatureRefusal };

function parseTarget(name: string, text: string, allowed: AllowedHosts): Target {
  const url = parseUrl(text);
  if (url === undefined) {
    const message = `${name} is no absolute URL of at most ${URL_LENGTH_MAX} characters, such as https://example.com/.`;
    return { ok: false, refusal: comparisonRefusal("invalid_url", message) };
  }
  const blocked = decideTarget(url, allowed);
  if (blocked === undefined) return { ok: true, url };
  return { ok: false, refusal: comparisonRefusal("ssrf_blocked", `${name}: ${blocked}`) };
}

/** A UUID that follows from a text (RFC 9562, version 8). */
async function deriveUuid(text: string): Promise<string> {
  const hex = await sha256Hex(text);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join("-");
}
