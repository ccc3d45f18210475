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

export interface BearerOptions {
  readonly scheme: string;
  readonly description: string;
  /** The variable that holds the token, for messages. */
  readonly variable: string;
  /** Undefined where none is configured. */
  readonly token: string | undefined;
  /** Other tokens that may do the same. */
  readonly alsoAccepted?: readonly (string | undefined)[];
  /** Tokens that are known, and must not: their bearer is told 403 and not 401. */
  readonly insufficient?: readonly (string | undefined)[];
  /** In development a route without a token is open; anywhere else it is shut. */
  readonly development: boolean;
}

const CHALLENGE = { "WWW-Authenticate": "Bearer" };

/** Access by `Authorization: Bearer {token}`. */
export function bearerAccess(options: BearerOptions): Access {
  const { scheme, description, variable, token, development } = options;
  return {
    scheme,
    description,
    async check(request) {
      if (token === undefined) {
        return development
          ? undefined
          : kitRefusal(
              "token_not_configured",
              `This route needs a token, and the deployment has none: set ${variable}.`,
            );
      }
      const sent = /^Bearer +(\S+) *$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
      if (sent === undefined) {
        const message = `Send Authorization: Bearer with the ${scheme} token.`;
        return kitRefusal("token_missing", message, CHALLENGE);
      }
      const digest = await digestOf(sent);
      if (await isOneOf(digest, [token, ...(options.alsoAccepted ?? [])])) return undefined;
      if (await isOneOf(digest, options.insufficient ?? [])) {
        return kitRefusal("token_insufficient", `This route needs the ${scheme} token.`);
      }
      return kitRefusal("token_invalid", "The token is not one of this server's.", CHALLENGE);
    },
  };
}

/** Looks at every token, whichever fits, so that the time tells nothing. */
async function isOneOf(
  digest: ArrayBuffer,
  tokens: readonly (string | undefined)[],
): Promise<boolean> {
  let found = false;
  for (const token of tokens) {
    if (token === undefined) continue;
    if (crypto.subtle.timingSafeEqual(digest, await digestOf(token))) found = true;
  }
  return found;
}

function digestOf(token: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
}
