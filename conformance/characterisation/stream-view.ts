/** Everything the rules look at of one stream. */

import type { HistoryEvent } from "./history.ts";
import type { Layout } from "./layout.ts";
import type { Message } from "./messages.ts";

export interface StreamView {
  readonly events: readonly HistoryEvent[];
  readonly messages: readonly Message[];
  readonly layout: Layout;
}
