/** Who may look at all streams: whoever has the deployment's token. */

import type { Refusal } from "#protocol/refusal.ts";

const BEARER = /^Bearer +([!-~]+) *$/i;
const ENCODER = new TextEncoder();

/**
 * Whether a request has the token; the refusal when it has not.
 *
 * @param adminToken undefined where the deployment has none: then nobody may
 */
export async function refuseStranger(
  request: Request,
  adminToken: string | undefined,
): Promise<Refusal | undefined> {
  if (adminToken === undefined) {
    return {
      code: "admin_disabled",
      message:
        "This server lists, exports and imports nothing: to switch that on, give it the variable ADMIN_TOKEN, a secret of at least 16 characters.",
    };
  }
  const [, given] = BEARER.exec(request.headers.get("Authorization") ?? "") ?? [];
  if (given !== undefined && (await isEqual(given, adminToken))) return undefined;
  return {
    code: "unauthorized",
    message: "Send Authorization: Bearer and the value of the server's ADMIN_TOKEN.",
  };
}

// Hashes have one length, and their comparison takes one time: neither tells anything of the token.
async function isEqual(a: string, b: string): Promise<boolean> {
  const [hashA, hashB] = await Promise.all(
    [a, b].map((text) => crypto.subtle.digest("SHA-256", ENCODER.encode(text))),
  );
  return hashA !== undefined && hashB !== undefined && crypto.subtle.timingSafeEqual(hashA, hashB);
}
