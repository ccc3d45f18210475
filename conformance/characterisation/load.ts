/** The bounded load: mixed readers and writers on several streams, until the time is over; then all is read again. */

import { Client } from "../harness/client.ts";
import { pause } from "../harness/subject.ts";
import type { History } from "./history.ts";
import { Random } from "./random.ts";
import {
  followByPolling,
  followBySse,
  readFromAnywhere,
  readRepeatedly,
  readToEnd,
  watchHead,
} from "./readers.ts";
import { TYPES } from "./records.ts";
import { Recorder } from "./recorder.ts";
import { Scene } from "./scene.ts";
import { closeInRace, produce, writeInSequence, writePlainly } from "./writers.ts";

export interface LoadOptions {
  readonly url: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly longPollTimeoutMs: number;
  /** Two unless given. Every second stream is closed while it is written to. */
  readonly streamsPerType?: number;
  /** Requests at once, the waiting ones of live readers among them; 32 unless given. */
  readonly concurrency?: number;
  /** Waited for before every request: a server that is started anew is not asked while it is down. */
  readonly whenUp?: () => Promise<void>;
}

const FINAL_READERS = 3;

export async function runLoad(options: LoadOptions): Promise<History> {
  const { url, seed, durationMs, longPollTimeoutMs } = options;
  const client = new Client(url);
  const random = new Random(seed);
  try {
    const timing = { longPollTimeoutMs, sseDurationMs: durationMs };
    const recorder = new Recorder(client, timing, options.concurrency ?? 32, options.whenUp);
    const types = TYPES.flatMap((type) =>
      Array.from({ length: options.streamsPerType ?? 2 }, () => type),
    );
    const streams = await Promise.all(types.map((type) => recorder.create(type)));
    const scenes = streams.map((stream) => new Scene(recorder, stream, durationMs));
    const busy = scenes.map((scene, index) => {
      const closeAfterMs = index % 2 === 0 ? undefined : durationMs * (0.3 + 0.4 * random.next());
      return populate(scene, random.split(), closeAfterMs);
    });
    await Promise.all(busy);
    await Promise.all(scenes.map(readFinally));
    return recorder.history;
  } finally {
    await client.close();
  }
}

async function populate(
  scene: Scene,
  random: Random,
  closeAfterMs: number | undefined,
): Promise<void> {
  const clients = [
    writePlainly(scene, "w1", random.split()),
    writePlainly(scene, "w2", random.split()),
    writeInSequence(scene, "q1", random.split()),
    produce(scene, "p1", random.split()),
    produce(scene, "p2", random.split()),
    readRepeatedly(scene, "r1"),
    readFromAnywhere(scene, "r2", random.split()),
    followByPolling(scene, "l1"),
    followBySse(scene, "e1", random.split()),
    followBySse(scene, "e2", random.split()),
    watchHead(scene, "h1"),
  ];
  if (closeAfterMs !== undefined) {
    const race = random.split();
    clients.push(pause(closeAfterMs).then(() => closeInRace(scene, "c1", race)));
  }
  await Promise.all(clients);
}

async function readFinally(scene: Scene): Promise<void> {
  await scene.recorder.head(scene.stream, "h1");
  const readers = Array.from({ length: FINAL_READERS }, (_, index) =>
    readToEnd(scene, `f${index}`, { run: 0, from: "-1" }),
  );
  await Promise.all(readers);
}
