/** `If-Match` on an append: only if the stream still ends where its writer thinks (RFC 9110, §13.1.1). */

import { formatOffset, type Position } from "./offset.ts";

/** What the header asks for: any stream that exists, or one of these tails. */
export type IfMatch =
  | { readonly kind: "any" }
  | { readonly kind: "tails"; readonly tags: readonly string[] };

// An entity tag, weak or strong: any visible character but the quote, and what lies beyond ASCII.
const TAG = /^(W\/)?"([\u0021\u0023-\u007e\u0080-\u{10ffff}]*)"/u;
const BETWEEN = /^[ \t]*(?:,[ \t]*)*/;
const SEPARATOR = /^[ \t]*(?:,[ \t]*)+|^[ \t]*$/;

/**
 * Reads the header: `*`, or a list of entity tags, each an offset in quotes. A tag that is no offset is well formed
 * and matches nothing; so does a weak one, because the comparison is the strong one.
 *
 * @returns undefined for what is neither `*` nor a list of at least one tag
 */
export function parseIfMatch(value: string): IfMatch | undefined {
  if (value.trim() === "*") return { kind: "any" };
  const tags: string[] = [];
  let rest = value.replace(BETWEEN, "");
  let found = 0;
  while (rest !== "") {
    const [whole, weak, tag] = TAG.exec(rest) ?? [];
    if (whole === undefined || tag === undefined) return undefined;
    found += 1;
    if (weak === undefined) tags.push(tag);
    rest = rest.slice(whole.length);
    if (!SEPARATOR.test(rest)) return undefined;
    rest = rest.replace(SEPARATOR, "");
  }
  return found === 0 ? undefined : { kind: "tails", tags };
}

/** Whether a stream that ends at `tail` is one that the header asks for. */
export function matchesTail(ifMatch: IfMatch, tail: Position): boolean {
  return ifMatch.kind === "any" || ifMatch.tags.includes(formatOffset(tail));
}
