/** What Cloudflare says of where a probe was asked for and answered. */

import * as v from "valibot";

const Text = v.pipe(v.string(), v.maxLength(256));

const ENTRIES = {
  /** The data centre. */
  colo: Text,
  country: Text,
  asn: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  asOrganization: Text,
  tlsVersion: Text,
  httpProtocol: Text,
};

/** Unknown parts are absent. */
export const CfContextSchema = v.partial(v.strictObject(ENTRIES));

export type CfContext = v.InferOutput<typeof CfContextSchema>;

/**
 * The context in what the platform attaches to a request, part by part: it leaves some out, and sets others to null.
 *
 * @returns undefined where there is none, as on a local server
 */
export function parseCfContext(cf: unknown): CfContext | undefined {
  if (typeof cf !== "object" || cf === null) return undefined;
  const sent = Object.entries(cf);
  const known = Object.entries(ENTRIES).flatMap(([name, schema]) =>
    sent.filter(([sentName, value]) => sentName === name && v.is(schema, value)),
  );
  return known.length === 0 ? undefined : (Object.fromEntries(known) as CfContext);
}

/** The data centre that an answer came through, as its `cf-ray` header names it. */
export function parseColo(ray: string | null): string | undefined {
  return ray === null ? undefined : /^[0-9a-f]+-([A-Z]{3})$/.exec(ray)?.[1];
}
