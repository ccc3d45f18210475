/**
 * The data directory and who may use it: one server at a time.
 *
 * Two guards. A lock in SQLite's own manner, which the kernel releases however the launcher ends, keeps out a second
 * launcher. A launcher killed by SIGKILL leaves its workerd behind, still serving the port and the data: such an
 * orphan is found by a mark in its environment and ended before another starts. (The mark is read from /proc: on
 * other systems an orphan is only noticed by the port it keeps.)
 */

import { mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { StartError } from "./start-error.ts";

const MARK = "HEADWATER_DATA";
const GONE_WITHIN_MS = 5_000;
const POLL_MS = 20;

export interface DataDirectory {
  readonly path: string;
  /** What a workerd of this directory has in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The orphans that were ended. */
  readonly ended: readonly number[];
  release(): void;
}

/** @throws StartError when the directory cannot be written or another server uses it */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = makeDirectory(directory);
  const lock = takeLock(path);
  try {
    const environment = { [MARK]: path };
    const ended = await endOrphans(`${MARK}=${path}`);
    return { path, environment, ended, release: () => lock.close() };
  } catch (error) {
    lock.close();
    throw error;
  }
}

function makeDirectory(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    return realpathSync(directory);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

function takeLock(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(path, "lock.sqlite"));
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    if (/database is locked/.test(String(error))) {
      throw new StartError([`Another server is using the data directory ${path}.`], {
        cause: error,
      });
    }
    throw unwritable(path, error);
  }
}

function unwritable(directory: string, cause: unknown): StartError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartError([`The data directory ${directory} cannot be written: ${reason}`], {
    cause,
  });
}

async function endOrphans(mark: string): Promise<number[]> {
  const orphans = findWorkerds(mark);
  for (const pid of orphans) process.kill(pid, "SIGKILL");
  for (let waitedMs = 0; orphans.some(isRunning); waitedMs += POLL_MS) {
    if (waitedMs > GONE_WITHIN_MS) {
      throw new StartError([
        `workerd (pid ${orphans.join(", ")}) of a killed server does not end.`,
      ]);
    }
    await sleep(POLL_MS);
  }
  return orphans;
}

/**
 * A zombie without threads has closed its files and its port. (A first thread that is a zombie is not enough: the
 * others may still hold them. The environment is gone before all that, so the mark cannot be asked for.)
 */
function isRunning(pid: number): boolean {
  const [stat = ""] = readWords(pid, "stat");
  const state = /\) (\S)/.exec(stat)?.[1];
  return state !== undefined && (state !== "Z" || countThreads(pid) > 1);
}

function countThreads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function findWorkerds(mark: string): number[] {
  return listProcesses().filter((pid) => {
    const words = readWords(pid, "environ");
    return words.includes(mark) && (readWords(pid, "cmdline")[0] ?? "").endsWith("workerd");
  });
}

function listProcesses(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The words of a process's file; none when the process is gone or is not ours. */
function readWords(pid: number, file: "environ" | "cmdline" | "stat"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return [];
  }
}
