/** Bearer tokens: who may use a route. Tokens are compared by their digests, in constant time. */

import { kitRefusal, type FeatureRefusal } from "./refusal.ts";

/** Who may use a route. */
export interface Access {
  /** The name of the security scheme in the OpenAPI document, such as `admin`. */
  readonly scheme: string;
  /** What it is, for the same document. */
  readonly description: string;
  /** Why a request may not use the route; undefined when it may. */
  check(request: Request): Promise<FeatureRefusal | undefined>;
}

/** A variable of the deployment, and the token in it; undefined where none is configured. */
export interface TokenVariable {
  readonly variable: string;
  readonly token: string | undefined;
}

export interface BearerOptions {
  readonly scheme: string;
  /** What this access is for: where it has no token, it is open in development. */
  readonly own: TokenVariable;
  /** Other tokens that may do the same. */
  readonly alsoAccepted?: readonly TokenVariable[];
  /** Tokens that are known, and must not: their bearer is told 403 and not 401. */
  readonly insufficient?: readonly TokenVariable[];
  /** Anywhere but in development a route without any token is shut. */
  readonly development: boolean;
}

const CHALLENGE = { "WWW-Authenticate": "Bearer" };

/** Access by `Authorization: Bearer {token}`. */
export function bearerAccess(options: BearerOptions): Access {
  const { scheme, own, alsoAccepted = [], insufficient = [], development } = options;
  const accepted = [own, ...alsoAccepted];
  const names = accepted.map(({ variable }) => variable).join(" or ");
  return {
    scheme,
    description: `The token in ${names}.`,
    async check(request) {
      if (development && own.token === undefined) return undefined;
      if (accepted.every(({ token }) => token === undefined)) {
        const message = `This route needs a token, and the deployment has none: set ${names}.`;
        return kitRefusal("token_not_configured", message);
      }
      const sent = /^Bearer +(\S+) *$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
      if (sent === undefined) {
        const message = `Send Authorization: Bearer with the token in ${names}.`;
        return kitRefusal("token_missing", message, CHALLENGE);
      }
      const digest = await digestOf(sent);
      if (await isOneOf(digest, accepted)) return undefined;
      if (await isOneOf(digest, insufficient)) {
        return kitRefusal("token_insufficient", `This route needs the token in ${names}.`);
      }
      return kitRefusal("token_invalid", `This is not the token in ${names}.`, CHALLENGE);
    },
  };
}

/** Looks at every token, whichever fits, so that the time tells nothing. */
async function isOneOf(digest: ArrayBuffer, tokens: readonly TokenVariable[]): Promise<boolean> {
  let found = false;
  for (const { token } of tokens) {
    if (token === undefined) continue;
    if (crypto.subtle.timingSafeEqual(digest, await digestOf(token))) found = true;
  }
  return found;
}

function digestOf(token: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
}
