/** What stays the same when a stream grows, or when there are more of them; and what an object's start costs. */

import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../connection.ts";
import { createStream, fillJson, freshName, message, streamPath, tailOf } from "../streams.ts";
import type { Target } from "../targets.ts";
import {
  isJournal,
  isProtocol,
  type Probe,
  type Samples,
  type Scale,
  type Series,
  type Workload,
} from "../workload.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
export const MESSAGE_COUNTS = [1_000, 10_000, 100_000] as const;
const STREAM_COUNTS = [1_000, 10_000] as const;
const OFFSETS = 50;
/** Longer than the flush interval. */
const FLUSHED_MS = 8_000;

interface Grown {
  readonly messages: number;
  readonly name: string;
  readonly path: string;
  /** Offsets from all over the stream. */
  readonly offsets: readonly string[];
  readonly lastOffset: string;
}

async function grow(connection: Connection, messages: number, scale: Scale): Promise<Grown> {
  const name = freshName();
  await createStream(connection, name, "application/json");
  const offsets: string[] = [];
  const count = scale.count(messages);
  const step = Math.ceil(count / OFFSETS);
  for (let n = 0; n < count; n += step) {
    offsets.push(await tailOf(connection, name));
    await fillJson(connection, name, n, Math.min(step, count - n));
  }
  const lastOffset = await tailOf(connection, name);
  await fillJson(connection, name, count, 1);
  return { messages, name, path: streamPath(name), offsets, lastOffset };
}

/** A number that depends on nothing but the one before: the same places in every run. */
function nextRandom(seed: number): number {
  return (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
}

async function openMessages(target: Target, scale: Scale): Promise<Probe> {
  const connection = new Connection(target.url);
  const streams: Grown[] = [];
  for (const messages of MESSAGE_COUNTS) streams.push(await grow(connection, messages, scale));
  let seed = 1;
  const draw = (offsets: readonly string[]) => {
    seed = nextRandom(seed);
    return offsets[seed % offsets.length] ?? "-1";
  };
  const measure = async ({ messages, path, offsets, lastOffset }: Grown): Promise<Samples> => {
    const append: number[] = [];
    const tail: number[] = [];
    const random: number[] = [];
    const count = scale.count(60);
    const last = `${path}?offset=${lastOffset}`;
    for (let i = 0; i < count; i++) {
      tail.push((await connection.send({ method: "GET", path: last })).firstByteMs);
    }
    for (let i = 0; i < count; i++) {
      const somewhere = `${path}?offset=${draw(offsets)}`;
      random.push((await connection.send({ method: "GET", path: somewhere })).firstByteMs);
    }
    for (let i = 0; i < count; i++) {
      const body = message(i);
      const write = { method: "POST", path, headers: JSON_TYPE, body } as const;
      append.push((await connection.send(write)).durationMs);
    }
    return {
      [`append-${messages}`]: append,
      [`tail-${messages}`]: tail,
      [`random-${messages}`]: random,
    };
  };
  return {
    async slice() {
      const parts: Samples[] = [];
      for (const stream of streams) parts.push(await measure(stream));
      return Object.assign({}, ...parts) as Samples;
    },
    close: () => connection.close(),
  };
}

async function openStreams(target: Target, scale: Scale): Promise<Probe> {
  const isFloor = target.kind === "floor";
  const connection = new Connection(target.url);
  const names: string[] = [];
  const most = scale.count(Math.max(...STREAM_COUNTS));
  const makers = Array.from({ length: 16 }, () => new Connection(target.url));
  const make = async (maker: Connection) => {
    while (names.length < most) {
      const name = freshName();
      names.push(name);
      if (!isFloor) await createStream(maker, name, "application/json");
    }
  };
  await Promise.all(makers.map(make));
  await Promise.all(makers.map((maker) => maker.close()));
  let seed = 1;
  const append = async (among: number): Promise<number> => {
    seed = nextRandom(seed);
    const name = names[seed % among] ?? "";
    const path = isFloor ? `/insert/${name}` : streamPath(name);
    const write = { method: "POST", path, headers: JSON_TYPE, body: message(seed) } as const;
    return (await connection.send(write)).durationMs;
  };
  return {
    async slice() {
      const samples: Record<string, number[]> = {};
      for (const count of STREAM_COUNTS) {
        const times: number[] = [];
        for (let i = 0; i < scale.count(100); i++) times.push(await append(scale.count(count)));
        samples[`append-${count}`] = times;
      }
      return samples;
    },
    close: () => connection.close(),
  };
}

/** The first request that an object answers after the server was started anew. */
async function openCold(target: Target, scale: Scale): Promise<Probe> {
  const { restart } = target;
  if (restart === undefined) throw new Error(`${target.name} cannot be restarted.`);
  const before = new Connection(target.url);
  const streams: Grown[] = [];
  for (let i = 0; i < scale.count(8); i++) {
    for (const messages of MESSAGE_COUNTS) streams.push(await grow(before, messages, scale));
  }
  const warm = freshName();
  await createStream(before, warm, "application/json");
  await before.close();
  // The newest message of all of them is to lie in the same tier: whether a read asks D1 is not a matter of length.
  await sleep(scale.count(FLUSHED_MS));
  return {
    async slice() {
      await restart();
      const connection = new Connection(target.url);
      // What the Worker itself does for the first time is not the object's.
      for (let i = 0; i < 20; i++) await tailOf(connection, warm);
      const samples: Record<string, number[]> = {};
      for (const { path, messages, lastOffset } of streams) {
        const read = { method: "GET", path: `${path}?offset=${lastOffset}` } as const;
        const { durationMs } = await connection.send(read);
        (samples[`first-${messages}`] ??= []).push(durationMs);
      }
      await connection.close();
      return samples;
    },
    close: async () => {},
  };
}

function series(kinds: Readonly<Record<string, string>>, counts: readonly number[], of: string) {
  const all: Record<string, Series> = {};
  for (const [kind, title] of Object.entries(kinds)) {
    for (const count of counts) {
      const label = `${title}, ${count.toLocaleString("en")} ${of}`;
      all[`${kind}-${count}`] = { title: label, unit: "ms" };
    }
  }
  return all;
}

export const GROWTH_WORKLOADS: readonly Workload[] = [
  {
    id: "growth-messages",
    title: "A stream that grows",
    series: series(
      { append: "append", tail: "read of the newest", random: "first byte anywhere" },
      MESSAGE_COUNTS,
      "messages",
    ),
    runsOn: (target) => isProtocol(target) && isJournal(target),
    open: openMessages,
  },
  {
    id: "growth-streams",
    title: "Appends to any of many streams",
    series: series({ append: "append" }, STREAM_COUNTS, "streams"),
    runsOn: isJournal,
    open: openStreams,
  },
  {
    id: "cold-start",
    title: "First read of an object after a restart",
    series: series({ first: "read of the newest" }, MESSAGE_COUNTS, "messages"),
    runsOn: ({ kind }) => kind === "headwater",
    open: openCold,
  },
];
