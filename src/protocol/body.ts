/** From the body of a PUT or POST to the frames it adds (§5.2, §9.1). */

import type { StreamKind } from "./content-type.ts";
import { cutFrames } from "./frames.ts";
import { splitMessages } from "./json.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";
import { accept, refuse, type Result } from "./refusal.ts";

/** The frames of a body. None for an empty body and for `[]`. */
export function parseFrames(body: Uint8Array, kind: StreamKind): Result<readonly Uint8Array[]> {
  if (kind !== "json") return accept(cutFrames(body));
  if (body.length === 0) return accept([]);
  const split = splitMessages(body);
  switch (split.kind) {
    case "messages":
      return accept(split.messages);
    case "invalid":
      return refuse({ code: "invalid_json", message: split.reason });
    case "too_large":
      return refuse({
        code: "message_too_large",
        message: `Message ${split.index} of the body is larger than ${MESSAGE_BYTES_MAX} bytes.`,
      });
  }
}
