/** A venue's stream. */

export const FEATURE_NAME = "tickets";

/** @param venue a name that a schema has let pass */
export function venuePath(venue: string): string {
  return `${FEATURE_NAME}/${venue}`;
}
