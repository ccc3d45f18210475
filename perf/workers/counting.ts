/**
 * The server itself, with a meter on every door that costs money: its objects, their databases, D1 and R2. `GET /counts`
 * answers what was counted since the Worker began.
 */

import server from "../../src/worker.ts";
import { StreamObject as ServerObject } from "../../src/stream-object.ts";
import type { Counts } from "../cost/counts.ts";

const counts = {
  workerRequests: 0,
  objectRequests: 0,
  objectRowsRead: 0,
  objectRowsWritten: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
  r2ClassA: 0,
  r2ClassB: 0,
} satisfies Counts;

/** Rows are counted by a cursor when they are asked for: each is looked at again when the counts are. */
let cursors: { readonly rowsRead: number; readonly rowsWritten: number }[] = [];

let metered = false;

// oxlint-disable typescript/unbound-method -- each is called with the object that it was taken from

/** Puts the meters on the runtime's own classes, so that nothing goes uncounted. */
function meter(ctx: DurableObjectState, env: Env): void {
  if (metered) return;
  metered = true;
  meterObject(ctx.storage);
  meterDatabase(env.DB);
  meterBucket(env.SEGMENTS);
}

function meterObject(instance: DurableObjectStorage): void {
  const sql = Object.getPrototypeOf(instance.sql) as SqlStorage;
  const { exec } = sql;
  sql.exec = function count(this: SqlStorage, ...args: Parameters<typeof exec>) {
    const cursor = exec.apply(this, args);
    cursors.push(cursor);
    return cursor;
  } as typeof exec;
  const storage = Object.getPrototypeOf(instance) as DurableObjectStorage;
  const { setAlarm } = storage;
  storage.setAlarm = function count(this: DurableObjectStorage, ...args) {
    // An alarm is a row, too.
    counts.objectRowsWritten += 1;
    return setAlarm.apply(this, args);
  };
}

function note({ meta }: { readonly meta: { rows_read: number; rows_written: number } }): void {
  counts.d1RowsRead += meta.rows_read;
  counts.d1RowsWritten += meta.rows_written;
}

// The first row does not come with its cost: all of them do.
async function firstOfAll(this: D1PreparedStatement, column?: string): Promise<unknown> {
  const { results } = await this.all();
  const row = results[0] ?? null;
  return column === undefined || row === null ? row : row[column];
}

function meterDatabase(instance: D1Database): void {
  const database = Object.getPrototypeOf(instance) as D1Database;
  const statement = Object.getPrototypeOf(instance.prepare("SELECT 1")) as D1PreparedStatement;
  const { batch } = database;
  const { all } = statement;
  database.batch = async function count(this: D1Database, statements: D1PreparedStatement[]) {
    const results = await batch.call(this, statements);
    results.forEach(note);
    return results;
  } as typeof batch;
  statement.all = async function count(this: D1PreparedStatement) {
    const result = await all.call(this);
    note(result);
    return result;
  } as typeof all;
  statement.first = firstOfAll;
}

function meterBucket(instance: R2Bucket): void {
  const bucket = Object.getPrototypeOf(instance) as R2Bucket;
  const { put, list, get, head } = bucket;
  bucket.put = function count(this: R2Bucket, ...args: Parameters<typeof put>) {
    counts.r2ClassA += 1;
    return put.apply(this, args);
  } as typeof put;
  bucket.list = function count(this: R2Bucket, ...args) {
    counts.r2ClassA += 1;
    return list.apply(this, args);
  };
  bucket.get = function count(this: R2Bucket, ...args: Parameters<typeof get>) {
    counts.r2ClassB += 1;
    return get.apply(this, args);
  };
  bucket.head = function count(this: R2Bucket, ...args) {
    counts.r2ClassB += 1;
    return head.apply(this, args);
  };
}

// oxlint-enable typescript/unbound-method

export class StreamObject extends ServerObject {
  constructor(ctx: DurableObjectState, env: Env) {
    meter(ctx, env);
    super(ctx, env);
  }

  override async fetch(request: Request): Promise<Response> {
    counts.objectRequests += 1;
    return super.fetch(request);
  }

  override async alarm(): Promise<void> {
    counts.objectRequests += 1;
    await super.alarm();
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    if (new URL(request.url).pathname === "/counts") return Response.json(readCounts());
    counts.workerRequests += 1;
    return server.fetch(request, env);
  },
} satisfies ExportedHandler<Env>;

function readCounts(): Counts {
  for (const { rowsRead, rowsWritten } of cursors) {
    counts.objectRowsRead += rowsRead;
    counts.objectRowsWritten += rowsWritten;
  }
  cursors = [];
  return counts;
}
