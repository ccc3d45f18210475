/**
 * The ids of the comparison: of a pair of URLs, of a comparison of them, and of a probe.
 *
 * A comparison's id begins with its pair's key, so that the stream which holds it follows from the id and no table
 * has to be asked.
 */

declare const brand: unique symbol;
/** 40 hexadecimal digits that name a pair of URLs, in whichever order. */
export type PairKey = string & { readonly [brand]: "PairKey" };
/** A comparison: its pair's key, a hyphen, and a UUID. */
export type ComparisonId = string & { readonly [brand]: "ComparisonId" };

export type Side = "left" | "right";

export const PAIR_KEY_DIGITS = 40;
const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/** How a comparison's id is written. */
export const COMPARISON_ID_PATTERN = new RegExp(`^[0-9a-f]{${PAIR_KEY_DIGITS}}-${UUID}$`);

/** @param uuid a random UUID, in lower case */
export function formatComparisonId(pairKey: PairKey, uuid: string): ComparisonId {
  return `${pairKey}-${uuid}` as ComparisonId;
}

/** The pair of a comparison, or undefined when the text is no comparison's id. */
export function parseComparisonId(
  text: string,
): { readonly id: ComparisonId; readonly pairKey: PairKey } | undefined {
  if (!COMPARISON_ID_PATTERN.test(text)) return undefined;
  return { id: text as ComparisonId, pairKey: text.slice(0, PAIR_KEY_DIGITS) as PairKey };
}

/** The id of one side's probe: the same for every attempt, so that a retry is recognised. */
export function formatProbeId(id: ComparisonId, side: Side): string {
  return `${id}:${side}`;
}

/** The path of a pair's stream. */
export function formatPairPath(pairKey: PairKey): string {
  return `comparison/${pairKey}`;
}
