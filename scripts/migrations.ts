/**
 * Applies the D1 migrations, as `wrangler d1 migrations apply` does: same files, same order, same table of what was
 * applied, so that either can continue where the other stopped. Each file and its entry are one transaction.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unstable_splitSqlQuery as splitSqlQuery } from "wrangler";
import { StartError } from "./start-error.ts";

interface Statement {
  bind(...values: unknown[]): Statement;
  all(): Promise<{ results: Record<string, unknown>[] }>;
}

/** The part of a D1 binding that is used here. */
export interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** @throws StartError when a file is missing or fails */
export async function applyMigrations(database: Database, directory: string): Promise<void> {
  const names = listMigrations(directory);
  await database.batch([database.prepare(CREATE_TABLE)]);
  const { results } = await database.prepare("SELECT name FROM d1_migrations ORDER BY id").all();
  const applied = new Set(results.map((row) => String(row["name"])));

  const missing = [...applied].filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new StartError([
      `The migration ${missing.join(", ")} is missing from ${directory}, but the database has it: the data belongs to a newer version of this server.`,
    ]);
  }
  for (const name of names) {
    if (!applied.has(name)) await applyMigration(database, directory, name);
  }
}

/** @throws StartError when there is none */
export function listMigrations(directory: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith(".sql"));
  } catch (error) {
    throw new StartError([`The migrations cannot be read: there is no directory ${directory}.`], {
      cause: error,
    });
  }
  if (names.length === 0) {
    throw new StartError([`The migrations are missing: there is no .sql file in ${directory}.`]);
  }
  return names.toSorted();
}

async function applyMigration(database: Database, directory: string, name: string): Promise<void> {
  const statements = splitSqlQuery(readFileSync(join(directory, name), "utf8"));
  try {
    await database.batch([
      ...statements.map((sql) => database.prepare(sql)),
      database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name),
    ]);
  } catch (error) {
    throw new StartError([`The migration ${name} failed: ${String(error)}`], { cause: error });
  }
}
