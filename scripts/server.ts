/**
 * The server on this machine: the Worker's bundle on workerd, with objects, D1 and R2 in one data directory.
 *
 * The public port is a direct socket of the Worker. Nothing is served that has not passed every check: the order is
 * variables, data directory, port, workerd, migrations.
 */

import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4WorkerOptions,
} from "miniflare";
import { loadConfig, parseConfig, VARIABLES, type Config } from "../src/config.ts";
import { openDataDirectory, type DataDirectory } from "./data-directory.ts";
import { applyMigrations, listMigrations } from "./migrations.ts";
import { goOffline } from "./offline.ts";
import { StartError } from "./start-error.ts";
import { resumeInstances, sweepInstances, type WorkflowBinding } from "./workflows.ts";

const ROOT = join(import.meta.dirname, "..");

// Below the ports that systems give to outgoing connections: one of those could take ours before workerd listens.
const ANY_PORT_MIN = 15_000;
const ANY_PORT_MAX = 32_000;
const ANY_PORT_ATTEMPTS = 50;
const WORKER = "src/worker.ts";
/** Where workerd keeps its state, in the data directory. */
const STATE = "v3";
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

export interface ServerOptions {
  readonly host?: string;
  /** 0 means any free port. */
  readonly port?: number;
  readonly dataDirectory: string;
  readonly migrationsDirectory?: string;
  /** Values for the variables of src/config.ts, in place of wrangler.toml's. Other names are ignored. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** The Worker's main file, from the root of the project; the server's own unless given. */
  readonly entry?: string;
  /** Where a debugger or profiler may connect; nowhere unless given. */
  readonly inspectorPort?: number;
}

export interface Server {
  readonly url: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly config: Config;
  /** The workerds of a killed server that were ended to make place for this one. */
  readonly orphans: readonly number[];
  /** The D1 database that the server writes to. */
  database(): ReturnType<Miniflare["getD1Database"]>;
  stop(): Promise<void>;
}

/** @throws StartError when something the user can change is in the way */
export async function startServer(options: ServerOptions): Promise<Server> {
  const host = options.host ?? "127.0.0.1";
  const worker = await loadWorkerOptions();
  // A server on this machine is for development unless its variables say otherwise.
  const development = { DEVELOPMENT: "on" };
  const variables = pickVariables(options.variables ?? {});
  const bindings = { ...worker.bindings, ...development, ...variables };
  const parsed = parseConfig(bindings);
  if (!parsed.ok) throw new StartError(parsed.errors);
  const migrations = options.migrationsDirectory ?? join(ROOT, "migrations");
  listMigrations(migrations);

  const data = await openDataDirectory(options.dataDirectory);
  let miniflare: Miniflare | undefined;
  const stop = async () => {
    await miniflare?.dispose();
    data.release();
  };
  try {
    const port = await findPort(host, options.port ?? 0);
    const { script, exported } = await bundle(options.entry ?? WORKER);
    const { inspectorPort } = options;
    const served = { ...allowOwnHost(host, port), ...bindings };
    const workflows = pickWorkflows(worker, exported);
    const runtime = {
      worker: { ...worker, workflows, bindings: served },
      script,
      host,
      port,
      data,
    };
    const killed = listKilled(data, workflows);
    const running = openMiniflare({ ...runtime, inspectorPort });
    miniflare = running;
    await running.ready;
    const database = () => running.getD1Database("DB");
    await applyMigrations(await database(), migrations);
    await resumeKilled(running, killed);
    return {
      url: `http://${formatHost(host)}:${port}`,
      port,
      dataDirectory: data.path,
      config: loadConfig(served),
      orphans: data.ended,
      database,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Workflows = NonNullable<V4WorkerOptions["workflows"]>;
type WorkerOptions = Pick<V4WorkerOptions, "bindings" | "workflows"> & Record<string, unknown>;

async function loadWorkerOptions(): Promise<WorkerOptions> {
  goOffline();
  const { unstable_getMiniflareWorkerOptions: getOptions } = await import("wrangler");
  const { workerOptions } = getOptions(join(ROOT, "wrangler.toml"));
  const { modulesRules: _rules, connectHandlers: _handlers, ...rest } = workerOptions;
  return rest;
}

function pickVariables(values: Readonly<Record<string, string | undefined>>) {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name in VARIABLES && value !== undefined && value !== "") picked[name] = value;
  }
  return picked;
}

/**
 * A comparison on this machine may ask the server itself, so that its demo can be seen; unless something else was
 * configured, and only where nobody else reaches the server.
 */
function allowOwnHost(host: string, port: number): Record<string, string> {
  if (!LOOPBACK.has(host)) return {};
  const names = [...new Set([formatHost(host), "localhost"])];
  return { COMPARE_ALLOWED_HOSTS: names.map((name) => `${name}:${port}`).join(",") };
}

function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** The Workflows whose class the bundle has: workerd does not start with others. */
function pickWorkflows({ workflows = {} }: WorkerOptions, exported: readonly string[]): Workflows {
  const entries = Object.entries(workflows);
  return Object.fromEntries(entries.filter(([, { className }]) => exported.includes(className)));
}

interface KilledInstances {
  readonly binding: string;
  readonly ids: readonly string[];
}

function listKilled(data: DataDirectory, workflows: Workflows): KilledInstances[] {
  return Object.entries(workflows).map(([binding, { name }]) => ({
    binding,
    ids: sweepInstances(join(data.path, STATE), name, parseInstanceId),
  }));
}

/** A comparison's Workflow has the comparison's id. */
function parseInstanceId(params: unknown): string | undefined {
  if (typeof params !== "object" || params === null || !("comparisonId" in params))
    return undefined;
  return typeof params.comparisonId === "string" ? params.comparisonId : undefined;
}

async function resumeKilled(running: Miniflare, killed: readonly KilledInstances[]): Promise<void> {
  if (killed.every(({ ids }) => ids.length === 0)) return;
  const bindings = await running.getBindings<Record<string, WorkflowBinding>>();
  await Promise.all(
    killed.map(async ({ binding, ids }) => {
      const workflow = bindings[binding];
      if (workflow !== undefined) await resumeInstances(workflow, ids);
    }),
  );
}

export interface Bundle {
  readonly script: string;
  /** The names of what the module exports. */
  readonly exported: readonly string[];
}

/** A Worker and everything that it imports, as one module. */
export async function bundle(entry: string = WORKER): Promise<Bundle> {
  const result = await build({
    entryPoints: [join(ROOT, entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    sourcemap: "inline",
    metafile: true,
    logLevel: "silent",
  });
  const [output] = result.outputFiles;
  const [described] = Object.values(result.metafile.outputs);
  if (output === undefined || described === undefined) throw new Error("esbuild wrote no file");
  return { script: output.text, exported: described.exports };
}

interface Runtime {
  readonly worker: WorkerOptions;
  readonly script: string;
  readonly host: string;
  readonly port: number;
  readonly data: DataDirectory;
  readonly inspectorPort: number | undefined;
}

function openMiniflare({ worker, script, host, port, data, inspectorPort }: Runtime): Miniflare {
  return new Miniflare(
    convertV4MiniflareOptions({
      ...worker,
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      name: "headwater",
      modulesRoot: ROOT,
      modules: [{ type: "ESModule", path: join(ROOT, "worker.js"), contents: script }],
      unsafeDirectSockets: [{ host, port }],
      unsafeRuntimeEnv: { ...data.environment },
      // The same state as of `wrangler dev --persist-to <data>`.
      resourcePersistencePath: join(data.path, STATE),
      cf: false,
      logRequests: false,
      log: new Log(LogLevel.WARN),
    }),
  );
}

/** Binds and frees the port: workerd reports a taken port late, and a ghost on it would answer in our place. */
async function findPort(host: string, port: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const candidate = port === 0 ? randomInt(ANY_PORT_MIN, ANY_PORT_MAX + 1) : port;
    try {
      await probePort(host, candidate);
      return candidate;
    } catch (error) {
      if (port === 0 && attempt < ANY_PORT_ATTEMPTS) continue;
      throw new StartError([describePortError(host, candidate, error)], { cause: error });
    }
  }
}

async function probePort(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once("error", reject);
      probe.listen(port, host, resolve);
    });
  } finally {
    await new Promise((resolve) => probe.close(resolve));
  }
}

function describePortError(host: string, port: number, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return code === "EADDRINUSE"
    ? `Port ${port} on ${host} is taken: choose another with --port, or end what listens there (a workerd that a killed server left behind also keeps its port).`
    : `Port ${port} on ${host} cannot be used (${code}).`;
}
