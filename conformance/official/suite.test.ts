import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import type { TestResult } from "../harness/result.ts";
import { runOfficial } from "./suite.ts";

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("the official suite", () => {
  it("is one failed test when no server answers", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const told: TestResult[] = [];
    const onTest = (result: TestResult) => told.push(result);
    const options = { url, longPollTimeoutMs: 1_000, subscriptions: false, onTest };
    const { tests } = await runOfficial(options);
    expect(tests).toEqual([
      {
        name: "the official suite runs",
        status: "failed",
        seconds: 0,
        message: `No server answers at ${url} (ECONNREFUSED).`,
      },
    ]);
    expect(told).toEqual(tests);
  });
});
