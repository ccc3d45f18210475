/** The story, once for every step of the server, with the object ended or the whole server killed at that step. */

import { setTimeout as sleep } from "node:timers/promises";
import type { FaultServer } from "./fault-server.ts";
import { Story } from "./story.ts";
import { tidy } from "./tidy.ts";
import type { Moment } from "./worker/rule.ts";

const POLL_MS = 3;

export interface StepResult {
  /** The step it was, as `after d1.batch INSERT blocks`; undefined when the story ended before. */
  readonly step: string | undefined;
  readonly problems: readonly string[];
}

/** How many steps the story has: a little more or less each time, since flushes go on beside it. */
export async function countSteps(server: FaultServer, moment: Moment): Promise<number> {
  await server.rules();
  const problems = await tell(server, "counted");
  if (problems.length > 0) throw new Error(`Without any fault: ${problems.join("; ")}`);
  return (await server.status()).crossed.filter((step) => step.startsWith(moment)).length;
}

/** Ends the object that comes to the `nth` step, before or after it. */
export async function endAt(server: FaultServer, moment: Moment, nth: number): Promise<StepResult> {
  await server.rules({ point: "any", moment, action: "abort", skip: nth, times: 1 });
  const problems = await tell(server, `end-${moment}-${nth}`);
  const [step] = (await server.status()).hit;
  await server.rules();
  return { step, problems };
}

/** Kills the server at the `nth` step that can stop. */
export async function killAt(
  server: FaultServer,
  moment: Moment,
  nth: number,
): Promise<StepResult> {
  await server.rules({ point: "any", moment, action: "hold", skip: nth, times: 1 });
  const over = new AbortController();
  const told = tell(server, `kill-${moment}-${nth}`).finally(() => over.abort());
  let step: string | undefined;
  while (!over.signal.aborted && step === undefined) {
    const { hit, held } = await server.status();
    if (held > 0) {
      [step] = hit;
      await server.restart();
    } else {
      await sleep(POLL_MS);
    }
  }
  return { step, problems: await told };
}

async function tell(server: FaultServer, name: string): Promise<readonly string[]> {
  const story = new Story(server, name);
  const problems = await story.tell();
  return [...problems, ...(await tidy(server, story.paths))];
}
