/**
 * How old a stream's frames are, in the object's own SQLite: a row says that everything before a position was written
 * at or before a time. A row is written twice a minute at most, and only for streams that drop what is too old.
 */

import type { Position } from "#protocol/offset.ts";
import { attemptWrite } from "./attempt.ts";
import type { AgeNote, AgeNotes } from "./contract.ts";

type Row = { byte: number; seq: number; at_ms: number };

/** Binds the notes to an object's storage. The table is made with the first note: most streams have none. */
export function openAgeNotes({ sql }: DurableObjectStorage): AgeNotes {
  let isThere = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'ages'").toArray().length > 0;

  const one = (rest: string, ...bindings: number[]): AgeNote | undefined => {
    if (!isThere) return undefined;
    const [row] = sql.exec<Row>(`SELECT byte, seq, at_ms FROM ages ${rest}`, ...bindings).toArray();
    if (row === undefined) return undefined;
    return { position: { seq: row.seq, byte: row.byte }, atMs: row.at_ms };
  };

  return {
    note({ position, atMs }) {
      attemptWrite(() => {
        if (!isThere) {
          sql.exec(
            "CREATE TABLE ages (byte INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL)",
          );
          isThere = true;
        }
        sql.exec("INSERT OR IGNORE INTO ages VALUES (?, ?, ?)", position.byte, position.seq, atMs);
      });
    },
    oldest: () => one("ORDER BY byte LIMIT 1"),
    newest: () => one("ORDER BY byte DESC LIMIT 1"),
    at: (atMs) => one("WHERE at_ms <= ? ORDER BY byte DESC LIMIT 1", atMs),
    forget(through: Position) {
      if (isThere) attemptWrite(() => sql.exec("DELETE FROM ages WHERE byte <= ?", through.byte));
    },
    clear() {
      if (isThere) attemptWrite(() => sql.exec("DELETE FROM ages"));
    },
  };
}
