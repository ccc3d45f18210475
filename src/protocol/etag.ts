/** Entity tags of catch-up reads (§5.6, §10.1). */

import { formatOffset, type Position } from "./offset.ts";

/**
 * The tag of one answer. It names the incarnation of the stream, so that a stream re-created under an old path never
 * answers 304 for its predecessor's bytes, and it varies with closure, so that a 304 never hides the end.
 */
export function formatEtag(
  streamId: string,
  from: Position,
  next: Position,
  closed: boolean,
): string {
  return `"${streamId}:${formatOffset(from)}:${formatOffset(next)}${closed ? ":c" : ""}"`;
}

/** Whether `If-None-Match` names this tag, by RFC 9110's weak comparison: a list of tags, or `*`. */
export function matchesEtag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}
