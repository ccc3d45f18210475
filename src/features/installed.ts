/** The features that this server serves. */

import { comparison } from "./comparison/comparison.ts";
import type { Feature } from "./feature.ts";
import { tickets } from "./tickets/tickets.ts";

export const INSTALLED = [tickets, comparison] as const satisfies readonly Feature[];

/** The feature that a path belongs to: that of its first segment. */
export type FeatureIndex = (path: string) => Feature | undefined;

export function indexFeatures(features: readonly Feature[]): FeatureIndex {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  return (path) => {
    const end = path.indexOf("/");
    return end < 0 ? undefined : byName.get(path.slice(0, end));
  };
}
