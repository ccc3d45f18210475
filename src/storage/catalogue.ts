/** The catalogue: the streams of the whole server, as far as D1 knows them. */

import { PATH_BYTES_MAX } from "#protocol/limits.ts";
import { attempt } from "./attempt.ts";
import type { Catalogue } from "./contract.ts";

// No UTF-8 text sorts after these four bytes repeated past the longest path, unless it begins with something larger
// than the prefix does. So everything between is what has the prefix.
const LAST_CHARACTER = "\u{10ffff}";
const HIGHEST = LAST_CHARACTER.repeat(PATH_BYTES_MAX / 4 + 1);

interface StreamRow {
  readonly path: string;
  readonly content_type: string;
  readonly created_at: number;
}

/** Binds the catalogue to a database with the schema of `migrations/`. */
export function openCatalogue(db: D1Database): Catalogue {
  return {
    async list(prefix, after, count) {
      // The newest stream of a path: an earlier one is only there until it is erased.
      const query = db
        .prepare(
          `SELECT path, content_type, max(created_at) AS created_at FROM streams
           WHERE path >= ?1 AND path <= ?2 AND path > ?3 GROUP BY path ORDER BY path LIMIT ?4`,
        )
        .bind(prefix, prefix + HIGHEST, after, count);
      const { results } = await attempt("D1", "none", () => query.all<StreamRow>());
      return results.map((row) => ({
        path: row.path,
        contentType: row.content_type,
        createdAtMs: row.created_at,
      }));
    },
  };
}
