/** The layer rules of .oxlintrc.json refuse what they should, and nothing else: a rule that matches nothing is green. */

import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const FIXTURES = join(import.meta.dirname, "layer-control");
const run = promisify(execFile);

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "headwater-layers-"));
  await cp(join(ROOT, ".oxlintrc.json"), join(project, ".oxlintrc.json"));
  await cp(join(FIXTURES, "refused"), join(project, "src"), { recursive: true });
  await cp(join(FIXTURES, "allowed"), join(project, "src"), { recursive: true });
});

afterAll(() => rm(project, { recursive: true }));

describe("the layer rules", async () => {
  it.each(await listFixtures("refused"))("refuse %s", async (file) => {
    const codes = await lint(file);
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.every((code) => /no-restricted-(imports|globals)|no-cycle/.test(code))).toBe(true);
  });

  it.each(await listFixtures("allowed"))("accept %s", async (file) => {
    expect(await lint(file)).toEqual([]);
  });
});

async function listFixtures(kind: "refused" | "allowed"): Promise<string[]> {
  const names = await readdir(join(FIXTURES, kind), { recursive: true });
  return names.filter((name) => name.endsWith(".ts"));
}

/** @returns the rule of every error in one file */
async function lint(file: string): Promise<string[]> {
  const oxlint = join(ROOT, "node_modules/.bin/oxlint");
  const args = ["--format", "json", "--no-ignore", join("src", file)];
  const output = await run(oxlint, args, { cwd: project }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  const report = JSON.parse(output) as { diagnostics: { code: string }[] };
  return report.diagnostics.map(({ code }) => code);
}
