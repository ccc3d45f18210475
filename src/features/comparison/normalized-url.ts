/** URLs as the comparison knows them: one spelling for everything that asks for the same thing. */

declare const brand: unique symbol;
/** An absolute URL in its normal spelling, without a fragment. Minted by {@link parseUrl} only. */
export type NormalizedUrl = string & { readonly [brand]: "NormalizedUrl" };

/** The longest URL that is probed, in UTF-16 units of its normal spelling. */
export const URL_LENGTH_MAX = 2_048;

/**
 * The normal spelling of a URL, as WHATWG's parser gives it: scheme and host in lower case, a default port dropped,
 * `/` for an empty path. The fragment is removed, which is never sent; the query is kept.
 *
 * @param base what a relative URL is relative to, as in a redirect's `Location`
 * @returns undefined when the text is no URL, or longer than {@link URL_LENGTH_MAX}
 */
export function parseUrl(text: string, base?: NormalizedUrl): NormalizedUrl | undefined {
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  url.hash = "";
  return url.href.length <= URL_LENGTH_MAX ? (url.href as NormalizedUrl) : undefined;
}
