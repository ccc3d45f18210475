/** The object's one alarm: whatever is due is done, then the next time is computed from the state. */

import { background, flushAndCompact } from "./flush.ts";
import { expire, runTasks } from "./remove.ts";
import { enforceRetention } from "./retention.ts";
import type { Stream } from "./stream.ts";

/** Flushes, compacts, expires, trims and delivers tasks as far as they are due. Safe to call at any time. */
export async function onAlarm(stream: Stream): Promise<void> {
  stream.alarmFired();
  stream.present(expire);
  try {
    await flushDue(stream);
  } finally {
    // A bug in one of them must not stop the others: what is left is done when the alarm comes again.
    await enforceRetention(stream);
    await runTasks(stream);
    stream.armAlarm();
  }
}

async function flushDue(stream: Stream): Promise<void> {
  if (!stream.leftOver && stream.deps.now() < (stream.flushDueMs ?? Infinity)) return;
  await background(stream, () => flushAndCompact(stream));
}
