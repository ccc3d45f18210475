/** Who may use a route. */

import type { FeatureRefusal } from "./refusal.ts";

export interface Access {
  /** The name of the security scheme in the OpenAPI document, such as `admin`. */
  readonly scheme: string;
  /** What it is, for the same document. */
  readonly description: string;
  /** Why a request may not use the route; undefined when it may. */
  check(request: Request): Promise<FeatureRefusal | undefined>;
}
