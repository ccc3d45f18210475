import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const run = promisify(execFile);

describe("wrangler deploy", () => {
  it.each([
    ["the default", [], "headwater"],
    ["staging", ["--env", "staging"], "headwater-staging"],
    ["production", ["--env", "production"], "headwater-production"],
  ])("would deploy %s with every binding", async (_name, args, database) => {
    const directory = await mkdtemp(join(tmpdir(), "headwater-deploy-"));
    try {
      const { stdout } = await wrangler(["deploy", "--dry-run", "--outdir", directory, ...args]);
      expect(await readdir(directory)).toContain("worker.js");
      expect(stdout).toMatch(/env\.STREAMS \(StreamObject\)/);
      expect(stdout).toContain(`env.DB (${database})`);
      const bucket = database.replace("headwater", "headwater-segments");
      expect(stdout).toContain(`env.SEGMENTS (${bucket})`);
      expect(stdout).toMatch(/env\.COMPARISONS \(ComparisonWorkflow\)/);
      expect(stdout).toMatch(/env\.ACK_MODE \("journal"\)/);
      // No deployment lets comparisons ask what is not public.
      expect(stdout).not.toContain("COMPARE_ALLOWED_HOSTS");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

function wrangler(args: readonly string[]) {
  const script = join(ROOT, "scripts/wrangler.ts");
  return run(process.execPath, [script, ...args], { cwd: ROOT });
}
