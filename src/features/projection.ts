/**
 * The tables of a feature in one object, and what they were made from: a row says of which stream they are, in which
 * version, and how far a replay has come. Complete tables are always at the stream's tail, because each commit brings
 * both forward.
 */

import type { Position } from "#protocol/offset.ts";
import type { FeatureEvent, SqlValue, Tables, View } from "./command.ts";
import type { Feature } from "./feature.ts";

/** What the tables were made from. */
interface Source {
  readonly feature: string;
  readonly version: number;
  readonly streamId: string;
  readonly tables: readonly string[];
  /** Where a replay goes on; undefined once the tables are complete. */
  readonly replayFrom: Position | undefined;
}

type SourceRow = {
  feature: string;
  version: number;
  stream_id: string;
  tables: string;
  seq: number | null;
  byte: number | null;
};

const SCHEMA = `CREATE TABLE IF NOT EXISTS projection
  (key INTEGER PRIMARY KEY CHECK (key = 1), feature TEXT NOT NULL, version INTEGER NOT NULL, stream_id TEXT NOT NULL,
   tables TEXT NOT NULL, seq INTEGER, byte INTEGER)`;

export class Projection {
  readonly #feature: Feature;
  readonly #sql: SqlStorage;
  readonly view: View;
  readonly tables: Tables;
  #source: Source | undefined;

  /** Loads what the tables were made from. Creates nothing. */
  constructor(feature: Feature, sql: SqlStorage) {
    checkTableNames(feature);
    this.#feature = feature;
    this.#sql = sql;
    this.view = openView(sql);
    this.tables = {
      ...this.view,
      run: (statement, ...bindings) => void sql.exec(statement, ...bindings),
    };
    this.load();
  }

  /** Looks again what the tables were made from, after a transaction that was undone. */
  load(): void {
    this.#source = undefined;
    if (!hasTable(this.#sql, "projection")) return;
    const [row] = this.#sql.exec<SourceRow>("SELECT * FROM projection").toArray();
    if (row === undefined) return;
    const { feature, version, stream_id: streamId, tables, seq, byte } = row;
    const replayFrom = seq === null || byte === null ? undefined : { seq, byte };
    this.#source = {
      feature,
      version,
      streamId,
      tables: JSON.parse(tables) as string[],
      replayFrom,
    };
  }

  /** Whether the tables are complete, and of this stream and this version of the feature. */
  isCurrent(streamId: string): boolean {
    return this.#isOf(streamId) && this.#source?.replayFrom === undefined;
  }

  /** Where a replay of this stream goes on that was interrupted; undefined when there is none. */
  replayFrom(streamId: string): Position | undefined {
    return this.#isOf(streamId) ? this.#source?.replayFrom : undefined;
  }

  /** Puts empty tables in the place of whatever there is. */
  create(streamId: string, replayFrom: Position | undefined): void {
    const { name, version, tables } = this.#feature;
    this.#sql.exec(SCHEMA);
    for (const old of this.#source?.tables ?? []) this.#sql.exec(`DROP TABLE IF EXISTS "${old}"`);
    for (const statements of Object.values(tables)) this.#sql.exec(statements);
    this.#store({ feature: name, version, streamId, tables: Object.keys(tables), replayFrom });
  }

  /** Notes how far a replay has come; undefined when it is done. */
  replayed(replayFrom: Position | undefined): void {
    if (this.#source === undefined) throw new Error("A replay needs tables.");
    this.#store({ ...this.#source, replayFrom });
  }

  /**
   * Follows messages in the tables. What is no event is passed over: the stream may be older than the feature.
   *
   * @returns where the next message begins
   */
  project(messages: readonly Uint8Array[], start: Position): Position {
    let at = start;
    for (const message of messages) {
      const event: unknown = JSON.parse(DECODER.decode(message));
      if (isEvent(event)) this.#feature.project(event, at, this.tables);
      at = { seq: at.seq + 1, byte: at.byte + message.length };
    }
    return at;
  }

  #isOf(streamId: string): boolean {
    const source = this.#source;
    return (
      source?.streamId === streamId &&
      source.feature === this.#feature.name &&
      source.version === this.#feature.version
    );
  }

  #store(source: Source): void {
    const { feature, version, streamId, tables, replayFrom } = source;
    this.#sql.exec(
      "INSERT OR REPLACE INTO projection VALUES (1, ?, ?, ?, ?, ?, ?)",
      feature,
      version,
      streamId,
      JSON.stringify(tables),
      replayFrom?.seq ?? null,
      replayFrom?.byte ?? null,
    );
    this.#source = source;
  }
}

const DECODER = new TextDecoder();

function openView(sql: SqlStorage): View {
  return {
    rows: <Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]) => {
      const cursor = sql.exec<Row>(query, ...bindings);
      const rows = cursor.toArray();
      // The transaction that this is part of ends with the error, and the rows go with it.
      if (cursor.rowsWritten > 0) throw new Error(`A view does not write: ${query}`);
      return rows;
    },
  };
}

/** Tables of features and tables of the stream share one database. */
function checkTableNames({ name, tables }: Feature): void {
  const wrong = Object.keys(tables).find((t) => !/^[a-z_]+$/.test(t) || !t.startsWith(`${name}_`));
  if (wrong !== undefined) throw new Error(`The table ${wrong} must be called ${name}_….`);
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_schema WHERE name = ?", name).toArray().length > 0;
}

function isEvent(message: unknown): message is FeatureEvent {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    typeof message.type === "string"
  );
}
