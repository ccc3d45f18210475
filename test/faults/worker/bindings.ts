/**
 * The real stores with fault points around every call. The points lie at the bindings, below the storage contract, so
 * that production code has no seam for them, and each single question to a store can be hit.
 */

import { clock } from "./clock.ts";
import { cross, crossNow } from "./points.ts";
import type { Point } from "./rule.ts";

/** Does a step between its two points. */
export type Around = <T>(
  point: Point,
  detail: string,
  step: () => Promise<T>,
  broken?: () => Promise<T>,
) => Promise<T>;

export function openAround(state: DurableObjectState): Around {
  return async (point, detail, step, broken) => {
    const verdict = await cross(point, "before", detail, state);
    const result = await (verdict === "break" && broken !== undefined ? broken() : step());
    await cross(point, "after", detail, state);
    return result;
  };
}

export function wrapEnvironment(env: Env, around: Around): Env {
  return {
    ...env,
    DB: wrapDatabase(env.DB, around),
    SEGMENTS: wrapBucket(env.SEGMENTS, around),
    STREAMS: wrapStreams(env.STREAMS, around),
  };
}

/**
 * Puts the fault points of the object's own storage in place.
 *
 * @returns arms them: an object that is being built only looks at its tables
 */
export function wrapStorage(state: DurableObjectState): () => void {
  const { storage } = state;
  let armed = false;
  let inTransaction = false;
  // A commit that is dropped answers nothing, as every commit of the journal does.
  const commit = <T>(run: () => T): T => {
    if (!armed) return run();
    if (crossNow("journal", "before", state) === "drop") return undefined as T;
    const result = run();
    crossNow("journal", "after", state);
    return result;
  };
  const { sql } = storage;
  const points: Partial<DurableObjectStorage> = {
    transactionSync: <T>(run: () => T): T =>
      commit(() => {
        inTransaction = true;
        try {
          return storage.transactionSync(run);
        } finally {
          inTransaction = false;
        }
      }),
    sql: withMethods(sql, {
      exec: <T extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]) => {
        const run = () => sql.exec<T>(query, ...values);
        const isCommit = !inTransaction && /^(?:INSERT|UPDATE|DELETE)/.test(query);
        return isCommit ? commit(run) : run();
      },
    }),
    setAlarm: async (at) => {
      if (crossNow("set-alarm", "before", state) === "drop") return;
      await storage.setAlarm(Number(at) - clock.skewMs);
    },
    getAlarm: async () => {
      const at = await storage.getAlarm();
      return at === null ? null : at + clock.skewMs;
    },
  };
  Object.defineProperty(state, "storage", { value: withMethods(storage, points) });
  return () => {
    armed = true;
  };
}

interface Prepared {
  readonly statement: D1PreparedStatement;
  readonly sql: string;
}

const PREPARED = new WeakMap<D1PreparedStatement, Prepared>();

function wrapDatabase(db: D1Database, around: Around): D1Database {
  return withMethods(db, {
    prepare: (sql: string) => wrapStatement({ statement: db.prepare(sql), sql }, around),
    batch: <T>(statements: D1PreparedStatement[]) => {
      const prepared = statements.map((s) => PREPARED.get(s) ?? { statement: s, sql: "" });
      const real = prepared.map((p) => p.statement);
      const detail = [...new Set(prepared.map((p) => describe(p.sql)))].join(", ");
      const bad = () => db.batch<T>([...real, db.prepare("SELECT json_extract('bad', '$')")]);
      return around("d1.batch", detail, () => db.batch<T>(real), bad);
    },
  });
}

function wrapStatement({ statement, sql }: Prepared, around: Around): D1PreparedStatement {
  const ask = <T>(step: () => Promise<T>) => around("d1.query", describe(sql), step);
  const wrapped = withMethods<D1PreparedStatement>(statement, {
    bind: (...values: unknown[]) =>
      wrapStatement({ statement: statement.bind(...values), sql }, around),
    all: <T>() => ask(() => statement.all<T>()),
    first: <T>(column?: string) =>
      ask(() => (column === undefined ? statement.first<T>() : statement.first<T>(column))),
  });
  PREPARED.set(wrapped, { statement, sql });
  return wrapped;
}

/** The verb and the table of a statement. */
function describe(sql: string): string {
  const verb = /[A-Z]+/.exec(sql)?.[0] ?? "";
  const table = /(?:FROM|INTO) (\w+)/.exec(sql)?.[1] ?? "";
  return `${verb} ${table}`;
}

function wrapBucket(bucket: R2Bucket, around: Around): R2Bucket {
  const put = (key: string, body: Uint8Array) => around("r2.put", "", () => bucket.put(key, body));
  const get = (key: string, options?: R2GetOptions) =>
    around("r2.get", "", () => bucket.get(key, options));
  const list = (options?: R2ListOptions) => around("r2.list", "", () => bucket.list(options));
  const remove = (keys: string | string[]) => around("r2.delete", "", () => bucket.delete(keys));
  return withMethods(bucket, { put, get, list, delete: remove } as Partial<R2Bucket>);
}

type Streams = Env["STREAMS"];
type Stub = ReturnType<Streams["getByName"]>;

function wrapStreams(streams: Streams, around: Around): Streams {
  return withMethods(streams, {
    getByName: (name: string) => wrapStub(streams.getByName(name), around),
  });
}

function wrapStub(stub: Stub, around: Around): Stub {
  type Acquire = Parameters<Stub["acquireFork"]>;
  type Release = Parameters<Stub["releaseFork"]>;
  return withMethods(stub, {
    acquireFork: (...args: Acquire) =>
      around("peer.acquire", "", async () => stub.acquireFork(...args)),
    releaseFork: (...args: Release) =>
      around("peer.release", "", async () => stub.releaseFork(...args)),
    holdsFork: (id: string) => around("peer.holds", "", async () => stub.holdsFork(id)),
  } as Partial<Stub>);
}

/** An object of the runtime with some methods replaced. The others are called on the object itself. */
function withMethods<T extends object>(object: T, methods: Partial<T>): T {
  return new Proxy(object, {
    get(target, key) {
      const replaced: unknown = Reflect.get(methods, key);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
