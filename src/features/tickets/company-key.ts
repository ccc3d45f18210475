/**
 * Keys of companies. A key is shown in the answer to the command that made it, and stored nowhere: the stream and the
 * tables hold its SHA-256, which is enough to check it because a key is 256 random bits.
 *
 * A repeated request has to be answered with the key of the first one. So a key is an HMAC of a random salt and of the
 * request's Idempotency-Key under the admin token: the stored answer holds the salt, and without the token nobody makes
 * a key of that.
 */

const SALT_BYTES = 32;
// In development there may be no token. Every route is open then, and keys are for trying things out.
const NO_TOKEN = "development";

const ENCODER = new TextEncoder();

export function newSalt(): string {
  return crypto.getRandomValues(new Uint8Array(SALT_BYTES)).toHex();
}

/** The key that a salt stands for: always the same one. */
export async function deriveKey(
  salt: string,
  idempotencyKey: string | undefined,
  adminToken: string | undefined,
): Promise<string> {
  const secret = ENCODER.encode(adminToken ?? NO_TOKEN);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const hmac = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const message = ENCODER.encode(`company-key\n${salt}\n${idempotencyKey ?? ""}`);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", hmac, message));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What a key is checked by: its SHA-256 in hex. */
export async function hashKey(key: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", ENCODER.encode(key))).toHex();
}
