/** The clients that append and close. Each goes on a little behind a close, to see that it is refused. */

import { pause } from "../harness/subject.ts";
import type { AppendOutcome, ProducerTuple } from "./history.ts";
import type { Random } from "./random.ts";
import type { Scene } from "./scene.ts";

const APPENDS_AFTER_CLOSE = 2;
const PAUSE_MS_MAX = 20;
const ATTEMPTS_MAX = 30;

/** Sends one message after the other, waiting for each answer. */
export async function writePlainly(scene: Scene, client: string, random: Random): Promise<void> {
  let behindClose = 0;
  for (let n = 0; !scene.over && behindClose < APPENDS_AFTER_CLOSE; n++) {
    if (scene.closed) behindClose += 1;
    const records = scene.makeRecords(random, client, n);
    note(scene, await scene.recorder.append(scene.stream, { client, records, closes: false }));
    await pause(random.integer(0, PAUSE_MS_MAX));
  }
}

/** Sends two messages at once with neighbouring `Stream-Seq`: the first is refused when it comes second. */
export async function writeInSequence(scene: Scene, client: string, random: Random): Promise<void> {
  let behindClose = 0;
  for (let n = 0; !scene.over && behindClose < APPENDS_AFTER_CLOSE; n += 2) {
    if (scene.closed) behindClose += 1;
    const sends = [n, n + 1].map((seq) => {
      const records = scene.makeRecords(random, client, seq);
      const streamSeq = String(seq).padStart(8, "0");
      return scene.recorder.append(scene.stream, { client, records, closes: false, streamSeq });
    });
    for (const outcome of await Promise.all(sends)) note(scene, outcome);
    await pause(random.integer(0, PAUSE_MS_MAX));
  }
}

interface Batch {
  readonly producer: ProducerTuple;
  readonly records: readonly string[];
}

/**
 * An idempotent producer: several messages at once, each sent until it is there, many of them twice at once and again
 * later. Now and then it starts a new epoch, and a forgotten instance of the old one tries to append.
 */
export async function produce(scene: Scene, client: string, random: Random): Promise<void> {
  const old: Batch[] = [];
  let epoch = 0;
  let seq = 0;
  for (let n = 0; !scene.over && !scene.closed;) {
    const batches: Batch[] = [];
    for (let index = random.integer(1, 5); index > 0; index--, n++, seq++) {
      const records = scene.makeRecords(random, client, n);
      batches.push({ producer: { id: client, epoch, seq }, records });
    }
    const sends: Promise<unknown>[] = batches.map((b) => sendUntilDone(scene, client, b));
    for (const batch of batches) if (random.chance(0.3)) sends.push(send(scene, client, batch));
    const again = random.pick(old);
    if (again !== undefined && random.chance(0.4)) sends.push(send(scene, client, again));
    await Promise.all(sends);
    old.push(...batches);
    if (random.chance(0.1) && !scene.closed) {
      // The next epoch has to be there before the old one is tried.
      const records = scene.makeRecords(random, client, n++);
      const first = { producer: { id: client, epoch: epoch + 1, seq: 0 }, records };
      await sendUntilDone(scene, client, first);
      const late = scene.makeRecords(random, client, n++);
      await send(scene, client, { producer: { id: client, epoch, seq }, records: late });
      epoch += 1;
      seq = 1;
    }
    await pause(random.integer(0, PAUSE_MS_MAX));
  }
  // Behind the close, and at the end of the load, everything is known already.
  for (const batch of old.slice(-APPENDS_AFTER_CLOSE)) await send(scene, client, batch);
}

async function send(scene: Scene, client: string, batch: Batch, closes = false): Promise<boolean> {
  const outcome = await scene.recorder.append(scene.stream, { client, ...batch, closes });
  note(scene, outcome);
  return outcome.kind === "acknowledged" || outcome.kind === "duplicate" || scene.closed;
}

/** Messages that overtook each other are refused as a gap, and an unknown outcome is cleared by sending again. */
async function sendUntilDone(scene: Scene, client: string, batch: Batch): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (await send(scene, client, batch)) return;
    await pause(2 * attempt);
  }
}

/** Closes the stream by several clients at once, in different ways; at most one of them appends and closes. */
export async function closeInRace(scene: Scene, client: string, random: Random): Promise<void> {
  const { recorder, stream } = scene;
  const plain = [0, 1].map((n) => async () => {
    const records = scene.makeRecords(random, `${client}p`, n);
    note(scene, await recorder.append(stream, { client: `${client}p`, records, closes: true }));
  });
  const id = `${client}i`;
  const batch = { producer: { id, epoch: 0, seq: 0 }, records: scene.makeRecords(random, id, 0) };
  const idempotent = [0, 1].map(() => async () => {
    await send(scene, id, batch, true);
  });
  const bare = () => recorder.close(stream, client);
  const ways = [...plain, ...idempotent, ...(random.chance(0.3) ? [bare] : [])];
  const start = random.integer(0, ways.length);
  const turned = [...ways.slice(start), ...ways.slice(0, start)];
  await Promise.all(turned.map((way) => way()));
  scene.closed = true;
  await send(scene, id, batch, true);
  await bare();
}

function note(scene: Scene, outcome: AppendOutcome): void {
  if (outcome.kind === "acknowledged" && outcome.offset !== "") scene.offsets.push(outcome.offset);
  if (outcome.kind === "refused" && outcome.final !== undefined) scene.closed = true;
}
