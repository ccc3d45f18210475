/**
 * SIGKILL to the whole server under load, at random moments, again and again on the same data.
 *
 * The load is the characterisation suite's: its clients write down what they were told, and its checker, which knows
 * nothing of the server, looks whether a history without kills could have looked the same. Beside it careful clients
 * create, fork, close and delete. An append whose answer was lost may be there or not, but whole, and once.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../conformance/characterisation/random.ts";
import type { Rule, Violation } from "../../conformance/characterisation/rules.ts";
import { runCharacterisation } from "../../conformance/characterisation/suite.ts";
import { ServerProcess } from "./process.ts";
import { Story } from "./story.ts";

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly ackMode: "journal" | "d1";
  /** How long the clients of one load work, in milliseconds: a history is kept in memory, so there are several. */
  readonly loadMs: number;
  readonly onLoad?: (killed: number) => void;
}

export interface KillReport {
  readonly kills: number;
  /** Appends that were answered with success, those of producers that were there already included. */
  readonly acknowledged: number;
  /** Appends without an answer, or with one that leaves open what happened. */
  readonly unknown: number;
  readonly reads: number;
  readonly stories: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Everything the checker found, and every story that did not end as it had to. */
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Flushes and compactions all the time, so that kills fall between their steps. */
const VARIABLES = {
  FLUSH_BYTES: "4096",
  FLUSH_INTERVAL_MS: "50",
  SEGMENT_BYTES: "65536",
  LONG_POLL_TIMEOUT_MS: "1000",
  SSE_DURATION_MS: "6000",
};

const ALIVE_MS_MIN = 20;
const ALIVE_MS_MAX = 1_500;

const DUPLICATED: ReadonlySet<Rule> = new Set(["read-once", "producer-once"]);
const REORDERED: ReadonlySet<Rule> = new Set([
  "real-time-order",
  "one-order",
  "producer-order",
  "stream-seq-order",
]);

/** @throws when the server does not start anew after a kill */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const start = performance.now();
  const random = new Random(options.seed);
  const variables = { ...VARIABLES, ACK_MODE: options.ackMode };
  const server = await ServerProcess.start(variables, false);
  try {
    const totals = { acknowledged: 0, unknown: 0, reads: 0, stories: 0 };
    const violations: Violation[] = [];
    const problems: string[] = [];
    for (let kills = 0; kills < options.kills;) {
      const round = await runRound(server, options, kills, random);
      kills = round.kills;
      totals.acknowledged += round.load.counts.acknowledged + round.load.counts.duplicates;
      totals.unknown += round.load.counts.unknown;
      totals.reads += round.load.counts.reads;
      totals.stories += round.told.stories;
      violations.push(...round.load.violations);
      problems.push(...round.told.problems);
      options.onLoad?.(kills);
    }
    const count = (is: (rule: Rule) => boolean) => violations.filter((v) => is(v.rule)).length;
    return {
      kills: options.kills,
      ...totals,
      lost: count((rule) => rule === "acknowledged-is-read"),
      duplicated: count((rule) => DUPLICATED.has(rule)),
      reordered: count((rule) => REORDERED.has(rule)),
      problems: [...violations.map((v) => `${v.rule}: ${v.stream}: ${v.message}`), ...problems],
      seconds: Math.round((performance.now() - start) / 1_000),
    };
  } finally {
    await server.remove();
  }
}

async function runRound(
  server: ServerProcess,
  { kills: killsMax, loadMs }: KillOptions,
  killsBefore: number,
  random: Random,
) {
  const endMs = performance.now() + loadMs;
  const over = () => performance.now() >= endMs;
  const [load, told, kills] = await Promise.all([
    runCharacterisation({
      url: server.origin,
      seed: random.integer(0, 0x7fff_ffff),
      durationMs: loadMs,
      longPollTimeoutMs: Number(VARIABLES.LONG_POLL_TIMEOUT_MS),
      streamsPerType: 1,
      whenUp: () => server.whenUp(),
    }),
    tellStories(server, `stories-${killsBefore}`, over),
    killRepeatedly(server, random.split(), { from: killsBefore, to: killsMax, over }),
  ]);
  return { load, told, kills };
}

async function killRepeatedly(
  server: ServerProcess,
  random: Random,
  { from, to, over }: { readonly from: number; readonly to: number; readonly over: () => boolean },
): Promise<number> {
  let kills = from;
  while (kills < to && !over()) {
    await sleep(random.integer(ALIVE_MS_MIN, ALIVE_MS_MAX));
    await server.restart(false);
    kills += 1;
  }
  return kills;
}

async function tellStories(server: ServerProcess, name: string, over: () => boolean) {
  const problems: string[] = [];
  let stories = 0;
  while (!over()) {
    problems.push(...(await new Story(server, `${name}/${stories}`).tell()));
    stories += 1;
  }
  return { stories, problems };
}
