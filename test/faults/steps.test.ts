/**
 * A whole story with the object ended, or the server killed, at a step of it. Here every few steps are tried; all of
 * them are by `npm run faults -- --steps`.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { countSteps, endAt, killAt } from "./steps.ts";
import { STORY_VARIABLES } from "./story.ts";
import { MOMENTS } from "./worker/rule.ts";

const END_EVERY = 10;
// Far enough from the end of the story to be sure to be reached.
const KILLED_STEP = 17;

let server: FaultServer;

beforeAll(async () => {
  server = await FaultServer.start(STORY_VARIABLES);
});

afterAll(() => server.process.remove());

describe.each(MOMENTS)("%s a step", (moment) => {
  it("the end of the object is survived", { timeout: 180_000 }, async () => {
    const steps = await countSteps(server, moment);
    expect(steps).toBeGreaterThan(50);
    let ended = 0;
    for (let nth = 0; nth < steps; nth += END_EVERY) {
      const { step, problems } = await endAt(server, moment, nth);
      expect(problems, step).toEqual([]);
      if (step !== undefined) ended += 1;
    }
    expect(ended).toBeGreaterThan(4);
  });

  it("a SIGKILL of the server is survived", { timeout: 180_000 }, async () => {
    const { step, problems } = await killAt(server, moment, KILLED_STEP);
    expect(step).toBeDefined();
    expect(problems, step).toEqual([]);
  });
});
