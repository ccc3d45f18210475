/** How long a message takes from its writer to readers who wait for it, and what they cost the writer. */

import { Connection, headerOf } from "../connection.ts";
import { createStream, freshName, streamPath, tailOf } from "../streams.ts";
import type { Target } from "../targets.ts";
import { isJournal, isProtocol, type Probe, type Scale, type Workload } from "../workload.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const NUMBER = /"n":(\d+)/g;
const ARRIVAL_MS_MAX = 20_000;

/** Messages by number: when each was sent, and how many readers have it. */
class Arrivals {
  readonly #readers: number;
  readonly #sentMs = new Map<number, number>();
  readonly #left = new Map<number, number>();
  #complete: (() => void) | undefined;
  readonly deliveryMs: number[] = [];

  constructor(readers: number) {
    this.#readers = readers;
  }

  sent(n: number): void {
    this.#sentMs.set(n, performance.now());
    this.#left.set(n, this.#readers);
  }

  arrived(n: number): void {
    const sentMs = this.#sentMs.get(n);
    const left = (this.#left.get(n) ?? 0) - 1;
    if (sentMs === undefined || left < 0) throw new Error(`Message ${n} came twice.`);
    this.deliveryMs.push(performance.now() - sentMs);
    if (left > 0) this.#left.set(n, left);
    else this.#left.delete(n);
    if (this.#left.size === 0) this.#complete?.();
  }

  /** Returns when every reader has every message that was sent. */
  async complete(): Promise<void> {
    if (this.#left.size === 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const lost = [...this.#left].map(([n, left]) => `${n} at ${left} readers`);
        reject(new Error(`Messages did not arrive: ${lost.join(", ")}.`));
      }, ARRIVAL_MS_MAX);
      this.#complete = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#complete = undefined;
  }
}

interface Room {
  readonly arrivals: Arrivals;
  readonly writer: Connection;
  readonly path: string;
}

/** Numbers in what one reader receives: a part may end in the middle of one. */
function reader(arrivals: Arrivals): (text: string) => void {
  let rest = "";
  return (text) => {
    const whole = rest + text;
    const end = whole.lastIndexOf("\n") + 1;
    rest = whole.slice(end);
    for (const match of whole.slice(0, end).matchAll(NUMBER)) arrivals.arrived(Number(match[1]));
  };
}

async function openSse(target: Target, scale: Scale, readers: number): Promise<Probe> {
  const name = freshName();
  const path = streamPath(name);
  const writer = new Connection(target.url);
  await createStream(writer, name, "application/json");
  let n = 0;
  return {
    // Connections are opened anew for each slice: a server may end them after a while.
    async slice() {
      const arrivals = new Arrivals(readers);
      const abort = new AbortController();
      const offset = await tailOf(writer, name);
      const connections = Array.from({ length: readers }, () => new Connection(target.url));
      const url = `${path}?offset=${offset}&live=sse`;
      const follow = (c: Connection) => c.follow(url, reader(arrivals), abort.signal);
      await Promise.all(connections.map(follow));
      const append: number[] = [];
      for (let i = 0; i < scale.count(50); i++) {
        append.push(await write({ arrivals, writer, path }, n++));
      }
      await arrivals.complete();
      abort.abort();
      await Promise.all(connections.map((connection) => connection.close()));
      return { delivery: arrivals.deliveryMs, append };
    },
    close: () => writer.close(),
  };
}

async function write({ arrivals, writer, path }: Room, n: number): Promise<number> {
  arrivals.sent(n);
  const body = JSON.stringify({ n, text: "x".repeat(80) });
  const answer = await writer.send({ method: "POST", path, headers: JSON_TYPE, body });
  return answer.durationMs;
}

async function openPoll(target: Target, scale: Scale, readers: number): Promise<Probe> {
  const name = freshName();
  const path = streamPath(name);
  const writer = new Connection(target.url);
  await createStream(writer, name, "application/json");
  const connections = Array.from({ length: readers }, () => new Connection(target.url));
  let offset = await tailOf(writer, name);
  let n = 0;
  return {
    async slice() {
      const delivery: number[] = [];
      const append: number[] = [];
      for (let i = 0; i < scale.count(15); i++) {
        const arrivals = new Arrivals(readers);
        const poll = async (connection: Connection): Promise<void> => {
          const url = `${path}?offset=${offset}&live=long-poll`;
          const answer = await connection.send({ method: "GET", path: url });
          if (answer.status !== 200) throw new Error(`A poll ended with ${answer.status}.`);
          arrivals.arrived(n);
          next = headerOf(answer, "Stream-Next-Offset");
        };
        let next = offset;
        const polls = Promise.all(connections.map(poll));
        // Time for the polls to reach the server: what is measured is the wait's end, not its beginning.
        await new Promise((resolve) => setTimeout(resolve, 30 + readers / 4));
        append.push(await write({ arrivals, writer, path }, n));
        await polls;
        delivery.push(...arrivals.deliveryMs);
        offset = next;
        n += 1;
      }
      return { delivery, append };
    },
    close: async () => {
      await Promise.all([writer, ...connections].map((connection) => connection.close()));
    },
  };
}

const SERIES = {
  delivery: { title: "delivery", unit: "ms" },
  append: { title: "append meanwhile", unit: "ms" },
} as const;

function runsOn(target: Target): boolean {
  return isProtocol(target) && isJournal(target);
}

function live(id: string, title: string, open: Workload["open"]): Workload {
  return { id, title, series: SERIES, runsOn, open };
}

export const LIVE_WORKLOADS: readonly Workload[] = [
  live("sse-1", "SSE, 50 appends, one reader", (t, scale) => openSse(t, scale, 1)),
  live("sse-100", "SSE, 50 appends, 100 readers", (t, scale) => openSse(t, scale, 100)),
  live("poll-1", "Long-poll, one reader", (t, scale) => openPoll(t, scale, 1)),
  live("poll-100", "Long-poll, 100 readers", (t, scale) => openPoll(t, scale, 100)),
];
