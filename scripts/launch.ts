/** The server as its users run it: `node scripts/start.ts` as a child, alone in its process group. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const READY = /^Headwater is ready at (http:\/\/\S+)\/v1\/stream\/ /;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Launched {
  readonly pid: number;
  /** Where it serves, once it says so; undefined when it ended without having been ready. */
  readonly ready: Promise<string | undefined>;
  readonly exit: Promise<Exit>;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Signals the launcher alone. */
  stop(signal?: NodeJS.Signals): void;
  /** SIGKILL to the launcher and its workerd: as if the machine had lost power. */
  killGroup(): void;
}

/** @param script what is started, and says that it is ready as start.ts does */
export function launch(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  script: string = join(import.meta.dirname, "start.ts"),
): Launched {
  const child = spawn(process.execPath, [script, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("node could not be started");
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface(child.stderr).on("line", (line) => stderr.push(line));
  // "close", not "exit": only then has everything it printed been read.
  const exit = once(child, "close").then(([code, signal]): Exit => ({ code, signal }));
  const ready = new Promise<string | undefined>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      stdout.push(line);
      const url = READY.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    void exit.then(() => resolve(undefined));
  });
  return {
    pid,
    ready,
    exit,
    stdout,
    stderr,
    stop: (signal = "SIGTERM") => void child.kill(signal),
    killGroup: () => {
      // Once the launcher has ended, its number may belong to another.
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, "SIGKILL");
    },
  };
}
