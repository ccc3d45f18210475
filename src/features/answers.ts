/**
 * The answers of commands that came with an `Idempotency-Key`, kept so that a repeat is answered as the first one was.
 *
 * Kept for a day, and at most the newest {@link ANSWERS_MAX}: each answer that is stored removes up to two that are
 * past either limit, so that there is never a long clean-up.
 */

import type { IdempotencyKey, ObjectReply } from "./object.ts";
import { kitRefusal } from "./refusal.ts";

export const ANSWERS_MAX = 10_000;
export const ANSWER_MS = 86_400_000;

const UNAUTHORISED = 401;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS command_answers (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL, at_ms INTEGER NOT NULL, reply TEXT NOT NULL)`;

export class Answers {
  readonly #sql: SqlStorage;
  #exists: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#exists = this.#look();
  }

  /** What a request with this key was answered; a refusal where the key stood for another request. */
  find({ key, fingerprint }: IdempotencyKey, nowMs: number): ObjectReply | undefined {
    if (!this.#exists) return undefined;
    const [row] = this.#sql
      .exec<{ fingerprint: string; reply: string }>(
        "SELECT fingerprint, reply FROM command_answers WHERE key = ? AND at_ms > ?",
        key,
        nowMs - ANSWER_MS,
      )
      .toArray();
    if (row === undefined) return undefined;
    if (row.fingerprint === fingerprint) return JSON.parse(row.reply) as ObjectReply;
    const message = "This Idempotency-Key was sent with another request: choose a new one.";
    return { ok: false, refusal: kitRefusal("idempotency_key_reused", message) };
  }

  store({ key, fingerprint }: IdempotencyKey, reply: ObjectReply, nowMs: number): void {
    // Who has no right to a command may not push the answers of others out.
    if (!reply.ok && reply.refusal.status === UNAUTHORISED) return;
    if (!this.#exists) this.#sql.exec(SCHEMA);
    this.#exists = true;
    const { n } = this.#sql
      .exec<{ n: number }>(
        `INSERT OR REPLACE INTO command_answers (key, fingerprint, at_ms, reply) VALUES (?, ?, ?, ?) RETURNING n`,
        key,
        fingerprint,
        nowMs,
        JSON.stringify(reply),
      )
      .one();
    this.#sql.exec(
      `DELETE FROM command_answers WHERE n IN
         (SELECT n FROM (SELECT n, at_ms FROM command_answers ORDER BY n LIMIT 2) WHERE n <= ? OR at_ms <= ?)`,
      n - ANSWERS_MAX,
      nowMs - ANSWER_MS,
    );
  }

  /** Looks again whether there is a table, after a transaction that was undone. */
  load(): void {
    this.#exists = this.#look();
  }

  #look(): boolean {
    const found = this.#sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'command_answers'");
    return found.toArray().length > 0;
  }
}
