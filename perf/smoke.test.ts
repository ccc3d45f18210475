/** Every workload on every target, and the counting of costs, once: that they work, not how fast anything is. */

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "./report/report.ts";
import { WORKLOADS } from "./workloads/all.ts";

const TIMEOUT_MS = 400_000;
const run = promisify(execFile);
const main = join(import.meta.dirname, "main.ts");

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "headwater-perf-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("npm run perf -- --smoke", () => {
  it(
    "measures every workload on every target and writes both reports",
    async () => {
      const args = ["--smoke", "--d1", "--runs", "1", "--report", directory];
      const { stdout } = await run(process.execPath, [main, ...args], { maxBuffer: 1e8 });
      const report = JSON.parse(await readFile(join(directory, "perf.json"), "utf8")) as Report;
      expect(report.workloads.map(({ id }) => id)).toEqual(WORKLOADS.map(({ id }) => id));
      for (const { title, series } of report.workloads) {
        expect(stdout).toContain(title);
        for (const { measured } of series) {
          expect(measured.length).toBeGreaterThan(0);
          for (const { summary } of measured) expect(summary.median).toBeGreaterThan(0);
        }
      }
      expect(report.costs.length).toBeGreaterThan(0);
      const html = await readFile(join(directory, "perf.html"), "utf8");
      for (const { title } of report.workloads) expect(html).toContain(title);
      expect(html).not.toMatch(/(src|href)="https?:/);
    },
    TIMEOUT_MS,
  );
});
