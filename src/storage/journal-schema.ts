/** The tables of the object's own database. docs/formats.md describes every column. */

export type JournalTable = "journal_a" | "journal_b";

// An edge from before there were trims keeps everything.
const KEPT = ["kept_seq INTEGER NOT NULL DEFAULT 0", "kept_byte INTEGER NOT NULL DEFAULT 0"];

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS slot (key INTEGER PRIMARY KEY CHECK (key = 1), value TEXT NOT NULL);
  ${createTable("journal_a")};
  ${createTable("journal_b")};
  CREATE TABLE IF NOT EXISTS producers (id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS edges (fork_id TEXT PRIMARY KEY, fork_path TEXT NOT NULL, ${KEPT.join(", ")}) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT NOT NULL, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL);
`;

/** Makes what tables are missing: all of them in a new object. */
export function prepareTables(sql: SqlStorage): void {
  const [edges] = sql
    .exec<{ sql: string }>("SELECT sql FROM sqlite_schema WHERE name = 'edges'")
    .toArray();
  if (edges === undefined) sql.exec(SCHEMA);
  else if (!edges.sql.includes("kept_byte")) {
    for (const column of KEPT) sql.exec(`ALTER TABLE edges ADD COLUMN ${column}`);
  }
}

/** The statement that makes one of the two tables that take turns. */
export function createTable(table: JournalTable): string {
  return `CREATE TABLE IF NOT EXISTS ${table}
    (byte INTEGER PRIMARY KEY, seq INTEGER NOT NULL, ends TEXT, writer_seq TEXT, body BLOB NOT NULL)`;
}
