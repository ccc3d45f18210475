/** Writes that name the tail they were decided on (RFC 9110, §13.1.1). */

import { matchesTail, type IfMatch } from "#protocol/if-match.ts";
import { formatOffset, type Position } from "#protocol/offset.ts";
import type { Refusal } from "#protocol/refusal.ts";

/** Why a write may not go on: the stream ends elsewhere than its sender thinks. Undefined when it may. */
export function refuseMoved(tail: Position, ifMatch: IfMatch | undefined): Refusal | undefined {
  if (ifMatch === undefined || matchesTail(ifMatch, tail)) return undefined;
  return {
    code: "precondition_failed",
    message: `The stream does not end at an offset of If-Match: its tail is ${formatOffset(tail)}.`,
    tail,
  };
}
