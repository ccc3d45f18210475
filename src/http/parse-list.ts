/** From the query of `GET /v1/streams` to what it asks for. */

import type { ListCommand } from "#engine/list.ts";
import { LIST_COUNT_DEFAULT, LIST_COUNT_MAX, PATH_BYTES_MAX } from "#protocol/limits.ts";
import { parseListCursor } from "#protocol/list-cursor.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { parseInteger } from "./parse.ts";

const ENCODER = new TextEncoder();

export function parseList(params: URLSearchParams): Result<ListCommand> {
  const [prefix = "", ...otherPrefixes] = params.getAll("prefix");
  if (otherPrefixes.length > 0 || ENCODER.encode(prefix).length > PATH_BYTES_MAX) {
    return refuse({
      code: "invalid_prefix",
      message: `prefix must be given once, with at most ${PATH_BYTES_MAX} bytes of UTF-8.`,
    });
  }
  const [cursor, ...otherCursors] = params.getAll("cursor");
  const after = cursor === undefined ? "" : parseListCursor(cursor);
  if (
    after === undefined ||
    otherCursors.length > 0 ||
    (after !== "" && !after.startsWith(prefix))
  ) {
    return refuse({
      code: "invalid_cursor",
      message:
        "cursor must be given once, as an earlier page gave it in nextCursor, with the same prefix.",
    });
  }
  const [text, ...otherLimits] = params.getAll("limit");
  const limit = text === undefined ? LIST_COUNT_DEFAULT : (parseInteger(text) ?? 0);
  if (limit < 1 || limit > LIST_COUNT_MAX || otherLimits.length > 0) {
    return refuse({
      code: "invalid_limit",
      message: `limit must be given once, as a whole number from 1 to ${LIST_COUNT_MAX}.`,
    });
  }
  return accept({ prefix, after, limit });
}
