/** From the query of a GET to what it asks for (§5.6 to §5.8), with the extensions `last`, `limit` and `max-bytes`. */

import { UNBOUNDED, type Bounds } from "#protocol/bounds.ts";
import { parseReadFrom, type ReadFrom } from "#protocol/offset.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { parseInteger } from "./parse.ts";

export interface ReadQuery {
  readonly mode: "catch-up" | "long-poll" | "sse";
  readonly from: ReadFrom;
  /** How many messages before the tail to begin, in place of `from`. */
  readonly last: number | undefined;
  readonly bounds: Bounds;
  readonly cursor: string | null;
}

/** The parameters of a GET (§5.6 to §5.8). */
export function parseRead(params: URLSearchParams): Result<ReadQuery> {
  const live = params.get("live");
  const offsets = params.getAll("offset");
  const [offset] = offsets;
  if (live !== null && live !== "long-poll" && live !== "sse") {
    return refuse({ code: "invalid_live_mode", message: "live must be long-poll or sse." });
  }
  const last = parseLast(params);
  if (!last.ok) return last;
  const bounds = parseBounds(params, live);
  if (!bounds.ok) return bounds;
  if (offset === undefined && last.value === undefined && live !== null) {
    return refuse({
      code: "offset_missing",
      message:
        "A live read needs an offset: -1 for the beginning, now, or one that an answer gave; or last.",
    });
  }
  const from: ReadFrom | undefined =
    offset === undefined ? { kind: "start" } : parseReadFrom(offset);
  if (offsets.length > 1 || from === undefined) {
    return refuse({
      code: "invalid_offset",
      message:
        "offset must be given once: -1, now, or what an earlier answer gave in Stream-Next-Offset.",
    });
  }
  return accept({
    mode: live ?? "catch-up",
    from,
    last: last.value,
    bounds: bounds.value,
    cursor: params.get("cursor"),
  });
}

function parseLast(params: URLSearchParams): Result<number | undefined> {
  if (!params.has("last")) return accept(undefined);
  const last = parseCount(params, "last");
  if (last === undefined || params.has("offset")) {
    return refuse({
      code: "invalid_last",
      message:
        "last must be given once, as a whole number from 1 on, and not together with offset.",
    });
  }
  return accept(last);
}

function parseBounds(params: URLSearchParams, live: string | null): Result<Bounds> {
  const names = ["limit", "max-bytes"].filter((name) => params.has(name));
  if (names.length === 0) return accept(UNBOUNDED);
  if (live === "sse") {
    return refuse({
      code: "invalid_limit",
      message: "limit and max-bytes bound one answer: they do not go together with live=sse.",
    });
  }
  const wrong = names.find((name) => parseCount(params, name) === undefined);
  if (wrong === undefined) {
    return accept({ frames: parseCount(params, "limit"), bytes: parseCount(params, "max-bytes") });
  }
  return refuse({
    code: "invalid_limit",
    message: `${wrong} must be given once, as a whole number from 1 on.`,
  });
}

/** A parameter that is given once and is a whole number from 1 to 2^53−1; undefined otherwise. */
function parseCount(params: URLSearchParams, name: string): number | undefined {
  const [text, ...others] = params.getAll(name);
  const count = text === undefined || others.length > 0 ? 0 : parseInteger(text);
  return count === 0 ? undefined : count;
}
