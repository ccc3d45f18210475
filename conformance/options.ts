/** The arguments of `npm run conformance`. */

import { parseArgs } from "node:util";
import type { SuiteName } from "./harness/result.ts";

export const USAGE = `Usage: npm run conformance -- [options]

Tests a Durable Streams server. Without --url, Headwater is started on a free port and tested.

  --url URL                the server to test: what comes before /v1/stream/
  --name NAME              what the reports call it
  --only SUITE[,SUITE]     official, requirements, differential, characterisation; all unless given
  --subscriptions          run the official tests of subscriptions, too
  --long-poll-timeout MS   how long the server lets a long-poll wait, at most
  --sse-duration MS        how long the server keeps an SSE connection, at most
  --runs N                 how many random runs the differential suite makes (200)
  --load MS                how long the characterisation suite loads the server (10000)
  --seed N                 repeat the random choices of another run
  --report DIR             where the reports are written (.conformance)
  --ack-mode MODE          journal or d1, for the server that is started here
  --help                   this text

Exit code: 0 when nothing failed but SHOULD and MAY, 1 when something else failed, 2 for wrong arguments.`;

export const SUITES: readonly SuiteName[] = [
  "official",
  "requirements",
  "differential",
  "characterisation",
];

const ACK_MODES = ["journal", "d1"] as const;

/** Short, because the suites wait for it often. */
const OWN_TIMING = { longPollTimeoutMs: 1_000, sseDurationMs: 6_000 };

/** Long enough for the servers that are known; one that is quicker is tested as well, only not as closely. */
const OTHER_TIMING = { longPollTimeoutMs: 30_000, sseDurationMs: 60_000 };

const SEED_MAX = 0x7fff_ffff;

export interface Settings {
  /** Undefined when our own server is to be started. */
  readonly url: string | undefined;
  readonly name: string;
  readonly ackMode: (typeof ACK_MODES)[number];
  /** In the order in which they run. */
  readonly suites: readonly SuiteName[];
  readonly subscriptions: boolean;
  readonly longPollTimeoutMs: number;
  readonly sseDurationMs: number;
  readonly runs: number;
  readonly loadMs: number;
  readonly seed: number;
  readonly reportDirectory: string;
}

/** An argument that cannot be used: a sentence that says which and why. */
export class ArgumentError extends Error {
  override readonly name = "ArgumentError";
}

/**
 * @returns undefined when only the usage was asked for
 * @throws ArgumentError
 */
export function parseOptions(
  args: readonly string[],
  randomSeed: () => number,
): Settings | undefined {
  const flags = readFlags(args);
  if (flags.help === true) return undefined;
  const url = flags.url === undefined ? undefined : parseUrl(flags.url);
  if (url !== undefined && flags["ack-mode"] !== undefined) {
    throw new ArgumentError("--ack-mode is for the server that is started here, not for --url.");
  }
  const ackMode = parseAckMode(flags["ack-mode"] ?? "journal");
  const timing = url === undefined ? OWN_TIMING : OTHER_TIMING;
  const number = (name: NumberFlag, fallback: number, min: number, max: number) =>
    parseNumber(`--${name}`, flags[name], { fallback, min, max });
  return {
    url,
    ackMode,
    name: flags.name ?? (url === undefined ? `Headwater (${ackMode})` : new URL(url).host),
    suites: parseSuites(flags.only),
    subscriptions: flags.subscriptions ?? false,
    longPollTimeoutMs: number("long-poll-timeout", timing.longPollTimeoutMs, 100, 120_000),
    sseDurationMs: number("sse-duration", timing.sseDurationMs, 100, 600_000),
    runs: number("runs", 200, 1, 1_000_000),
    loadMs: number("load", 10_000, 100, 3_600_000),
    seed: flags.seed === undefined ? randomSeed() : number("seed", 0, 0, SEED_MAX),
    reportDirectory: flags.report ?? ".conformance",
  };
}

type NumberFlag = "runs" | "load" | "seed" | "long-poll-timeout" | "sse-duration";

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: "string" },
        name: { type: "string" },
        only: { type: "string" },
        subscriptions: { type: "boolean" },
        "long-poll-timeout": { type: "string" },
        "sse-duration": { type: "string" },
        runs: { type: "string" },
        load: { type: "string" },
        seed: { type: "string" },
        report: { type: "string" },
        "ack-mode": { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    // Node's sentences name the argument; the first one is enough, and has no full stop when it is alone.
    const message = error instanceof Error ? error.message : String(error);
    const [sentence = message] = message.split(/\.?\s*\n|\.\s|\.$/);
    throw new ArgumentError(`${sentence}.`, { cause: error });
  }
}

/** @returns the URL without a slash at its end, so that a path can be put behind it */
function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new ArgumentError(`--url is "${text}": it must begin with http:// or https://.`);
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new ArgumentError(`--url is "${text}": it must have no user, no query and no fragment.`);
  }
  const bare = url.href.replace(/\/+$/, "");
  if (bare.endsWith("/v1/stream")) {
    throw new ArgumentError(`--url is "${text}": leave out /v1/stream, which the suites add.`);
  }
  return bare;
}

function parseAckMode(text: string): Settings["ackMode"] {
  const mode = ACK_MODES.find((one) => one === text);
  if (mode === undefined) {
    throw new ArgumentError(`--ack-mode is "${text}": it must be journal or d1.`);
  }
  return mode;
}

function parseSuites(text: string | undefined): readonly SuiteName[] {
  if (text === undefined) return SUITES;
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !SUITES.some((suite) => suite === name));
  if (unknown !== undefined) {
    throw new ArgumentError(
      `--only names "${unknown}", which is no suite: there are ${SUITES.join(", ")}.`,
    );
  }
  return SUITES.filter((suite) => wanted.includes(suite));
}

function parseNumber(
  flag: string,
  text: string | undefined,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value < min || value > max) {
    throw new ArgumentError(
      `${flag} is "${text}": it must be a whole number from ${min} to ${max}.`,
    );
  }
  return value;
}
