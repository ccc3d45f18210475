/** Two seconds without D1; `npm run faults -- --outage 60` takes a minute. */

import { expect, it } from "vitest";
import { runOutage } from "./outage.ts";

const SECONDS = 2;

it("is not noticed in mode journal, and everything arrives in D1", async () => {
  const report = await runOutage({ seconds: SECONDS, ackMode: "journal" });
  expect(report).toMatchObject({ refused: 0, problems: [] });
  // One after the other: none of them waited for D1, on however slow a machine.
  expect(report.acknowledged).toBeGreaterThan(10);
});

it("acknowledges nothing in mode d1, and what was sent again is there once", async () => {
  const report = await runOutage({ seconds: SECONDS, ackMode: "d1" });
  expect(report).toMatchObject({ acknowledged: 0, problems: [] });
  expect(report.refused).toBeGreaterThan(1);
});
