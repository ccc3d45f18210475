/** SIGKILL under load, a few times; `npm run faults` does it as often as is wanted. And proof that losses are seen. */

import { expect, it } from "vitest";
import { check } from "../../conformance/characterisation/checker.ts";
import { Recorder } from "../../conformance/characterisation/recorder.ts";
import { Client } from "../../conformance/harness/client.ts";
import { FaultServer } from "./fault-server.ts";
import { runKills } from "./kills.ts";

const SEED = 20_260_102;

it.each([
  { ackMode: "journal", kills: 2 },
  { ackMode: "d1", kills: 1 },
] as const)(
  "loses, repeats and reorders nothing, ACK_MODE=$ackMode",
  { timeout: 240_000 },
  async ({ ackMode, kills }) => {
    const report = await runKills({ kills, seed: SEED, ackMode, loadMs: 3_000 });
    expect(report).toMatchObject({ kills, lost: 0, duplicated: 0, reordered: 0, problems: [] });
    expect(report.acknowledged).toBeGreaterThan(50);
    expect(report.reads).toBeGreaterThan(50);
    expect(report.stories).toBeGreaterThan(0);
  },
);

it("finds the append that a server loses after it acknowledged it", async () => {
  const server = await FaultServer.start({ FLUSH_INTERVAL_MS: "60000" });
  const client = new Client(server.process.origin);
  try {
    const recorder = new Recorder(client, { longPollTimeoutMs: 1_000, sseDurationMs: 1_000 }, 1);
    const stream = await recorder.create("application/json");
    const append = async (name: string) => {
      const records = [`${JSON.stringify(name)}\n`];
      const outcome = await recorder.append(stream, { client: "w", records, closes: false });
      expect(outcome.kind).toBe("acknowledged");
    };
    await append("kept");
    // A journal that says that it committed, and did not.
    await server.rules({ point: "journal", moment: "before", action: "drop" });
    await append("lost");
    await server.restart();
    await recorder.catchUp(stream, { client: "r", run: 0, from: "-1" });
    expect(check(recorder.history).map(({ rule }) => rule)).toContain("acknowledged-is-read");
  } finally {
    await client.close();
    await server.process.remove();
  }
});
