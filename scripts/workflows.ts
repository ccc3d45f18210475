/**
 * The Workflows of the server that ran here before.
 *
 * On Cloudflare an instance goes on by itself after whatever happened to its machine. On this one nothing wakes an
 * instance that was killed: it says "running" for ever. A pause and a resume do wake it, and repeat no finished step.
 * Which instances there are is told by their files alone, so that they are looked through before workerd opens them;
 * those that have ended are removed, because the stream holds what they did.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

// The kinds of entries in an instance's log of events: it began, and it completed, failed or was terminated.
const QUEUED = 0;
const ENDED = [2, 3, 4];
const PAUSED_WITHIN_MS = 5_000;
const POLL_MS = 10;

/** The part of a Workflow binding that is used. */
export interface WorkflowBinding {
  get(id: string): Promise<WorkflowInstance>;
}

interface WorkflowInstance {
  status(): Promise<{ status: string }>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  restart(): Promise<void>;
}

/**
 * Removes the instances that have ended.
 *
 * @param state the directory of workerd's state
 * @param workflow the Workflow's name
 * @param parseId the id of an instance, from the parameters that it was created with
 * @returns the ids of the others
 */
export function sweepInstances(
  state: string,
  workflow: string,
  parseId: (params: unknown) => string | undefined,
): string[] {
  const directory = join(state, "workflows", `miniflare-workflows-${workflow}`);
  return listFiles(directory)
    .filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .flatMap((name) => {
      const file = join(directory, name);
      const { ended, params } = readInstance(file);
      if (ended) for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
      const id = ended ? undefined : parseId(params);
      return id === undefined ? [] : [id];
    });
}

function listFiles(directory: string): string[] {
  // Before the first Workflow there is no directory.
  return existsSync(directory) ? readdirSync(directory) : [];
}

function readInstance(file: string): { readonly ended: boolean; readonly params: unknown } {
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'states'").all();
    // Killed before it was one.
    if (tables.length === 0) return { ended: false, params: undefined };
    const ended = database
      .prepare(`SELECT 1 FROM states WHERE event IN (${ENDED.join(", ")}) LIMIT 1`)
      .all();
    const [queued] = database
      .prepare(`SELECT metadata FROM states WHERE event = ${QUEUED} ORDER BY id LIMIT 1`)
      .all();
    const metadata = queued?.["metadata"];
    if (typeof metadata !== "string") return { ended: ended.length > 0, params: undefined };
    const { params } = JSON.parse(metadata) as { params?: unknown };
    return { ended: ended.length > 0, params };
  } finally {
    database.close();
  }
}

/** Wakes instances that were killed. Says which it could not wake: they do not keep the server from serving. */
export async function resumeInstances(
  workflow: WorkflowBinding,
  ids: readonly string[],
): Promise<void> {
  const outcomes = await Promise.allSettled(ids.map((id) => resumeInstance(workflow, id)));
  for (const [n, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") continue;
    console.warn(`The Workflow ${ids[n]} could not be resumed: ${String(outcome.reason)}`);
  }
}

async function resumeInstance(workflow: WorkflowBinding, id: string): Promise<void> {
  const instance = await workflow.get(id);
  const { status } = await instance.status();
  // Killed before its first step: there is nothing to go on with.
  if (status === "queued") return instance.restart();
  await instance.pause();
  // A resume that comes before the pause would only take it back.
  await untilPaused(instance);
  return instance.resume();
}

async function untilPaused(instance: WorkflowInstance): Promise<void> {
  for (let waitedMs = 0; waitedMs < PAUSED_WITHIN_MS; waitedMs += POLL_MS) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- a state can only be polled
    const { status } = await instance.status();
    if (status === "paused") return;
    // oxlint-disable-next-line eslint/no-await-in-loop -- as above
    await sleep(POLL_MS);
  }
  throw new Error("it does not pause");
}
