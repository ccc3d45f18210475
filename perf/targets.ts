/** What is measured: our server in its modes, the reference server, the floor, and servers that are named by URL. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type Server } from "../scripts/server.ts";

export type TargetKind = "headwater" | "headwater-d1" | "reference" | "floor" | "other";

export interface Target {
  readonly name: string;
  readonly kind: TargetKind;
  /** Changes with a restart. */
  readonly url: string;
  /** Ends the server and starts it again on the same data; undefined where we cannot. */
  readonly restart?: () => Promise<void>;
  /** Returns when D1 and R2 hold what is to be read from there; undefined for servers that are not ours. */
  readonly settled?: (path: string, tier: Tier, bytes: number) => Promise<void>;
  /** Starts another server of this kind, on new data and with other variables; undefined where we cannot. */
  readonly another?: (variables: Readonly<Record<string, string>>) => Promise<Target>;
  readonly stop: () => Promise<void>;
}

export type Tier = "journal" | "d1" | "r2";

export interface OwnOptions {
  readonly name: string;
  readonly kind: TargetKind;
  readonly variables?: Readonly<Record<string, string>>;
  /** Another Worker than the server's, from the root of the project. */
  readonly entry?: string;
  readonly inspectorPort?: number;
}

const SETTLE_MS_MAX = 60_000;

/** Starts our launcher on a free port and new data. */
export async function startOwn({ name, kind, ...rest }: OwnOptions): Promise<Target> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "headwater-perf-"));
  const options = { ...rest, dataDirectory };
  let server = await startServer(options);
  return {
    name,
    kind,
    get url() {
      return server.url;
    },
    restart: async () => {
      await server.stop();
      server = await startServer(options);
    },
    another: (variables) => startOwn({ name, kind, ...rest, variables }),
    settled: (path, tier, bytes) => waitUntilStored(server, path, tier, bytes),
    stop: async () => {
      await server.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** Asks D1 itself how much of a stream it and R2 hold. */
async function waitUntilStored(server: Server, path: string, tier: Tier, bytes: number) {
  if (tier === "journal") return;
  const database = await server.database();
  const table = tier === "d1" ? "blocks" : "segments";
  const query = `SELECT max(end) AS bytes FROM ${table} JOIN streams USING (stream_id) WHERE path = ?`;
  const endMs = Date.now() + SETTLE_MS_MAX;
  while (Date.now() < endMs) {
    const stored = await database.prepare(query).bind(path).first<number | null>("bytes");
    if ((stored ?? 0) >= bytes) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${path} did not reach ${tier} within ${SETTLE_MS_MAX} ms.`);
}

/** Starts the reference server in a process of its own: it must not share one with the client that measures it. */
export async function startReference(name: string, onFiles: boolean): Promise<Target> {
  const directory = onFiles ? await mkdtemp(join(tmpdir(), "reference-perf-")) : undefined;
  const script = join(import.meta.dirname, "reference-process.ts");
  const child = fork(script, directory === undefined ? [] : [directory], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [url] = (await once(child, "message")) as [string];
  return {
    name,
    kind: "reference",
    url,
    stop: async () => {
      await end(child);
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** A server that somebody else runs. */
export function openOther(name: string, url: string): Target {
  return { name, kind: "other", url, stop: async () => {} };
}
