/** The object's one alarm: whatever is due is done, then the next time is computed from the state. */

import { background, runCompaction, runFlush } from "./flush.ts";
import { expire, runTasks } from "./remove.ts";
import { enforceRetention } from "./retention.ts";
import type { Stream } from "./stream.ts";

/** Flushes, compacts, expires, trims and delivers tasks as far as they are due. Safe to call at any time. */
export async function onAlarm(stream: Stream): Promise<void> {
  const { now } = stream.deps;
  stream.alarmFired();
  stream.present(expire);
  if (now() >= (stream.flushDueMs ?? Infinity)) {
    await background(stream, async () => {
      await runFlush(stream);
      await runCompaction(stream);
    });
  }
  await enforceRetention(stream);
  await runTasks(stream);
  stream.armAlarm();
}
