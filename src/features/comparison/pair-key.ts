/** The key of a pair of URLs. */

import { PAIR_KEY_DIGITS, type PairKey } from "./ids.ts";
import type { NormalizedUrl } from "./normalized-url.ts";
import { sha256Hex } from "./sha256.ts";

/** The first digits of SHA-256 over both URLs, sorted, so that their order does not matter. */
export async function derivePairKey(one: NormalizedUrl, other: NormalizedUrl): Promise<PairKey> {
  const digits = await sha256Hex([one, other].toSorted().join("|"));
  return digits.slice(0, PAIR_KEY_DIGITS) as PairKey;
}
