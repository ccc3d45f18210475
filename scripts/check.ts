/** `npm run check`: everything that can be told without running the server. Goes on after a failure. */

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "..");
const BIN = join(ROOT, "node_modules/.bin");
const LINTED = ["src", "scripts", "test", "conformance", "perf", "vitest.config.ts"];

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  "types of src": ["tsc", "-p", "."],
  "types of scripts": ["tsc", "-p", "scripts"],
  "types of test": ["tsc", "-p", "test"],
  "types of conformance": ["tsc", "-p", "conformance"],
  "types of perf": ["tsc", "-p", "perf"],
  lint: ["oxlint", ...LINTED],
  format: ["oxfmt", "--check", "."],
  "dead code": ["knip", "--no-progress"],
};

/** @returns the names of the checks that failed */
export function check(): string[] {
  generateTypes();
  return Object.entries(CHECKS).flatMap(([name, [tool = "", ...args]]) => {
    const { status, stdout, stderr } = spawnSync(join(BIN, tool), args, {
      cwd: ROOT,
      encoding: "utf8",
    });
    const passed = status === 0;
    console.log(`${passed ? "ok    " : "FAILED"} ${name}`);
    if (!passed) console.log(stdout + stderr);
    return passed ? [] : [name];
  });
}

/** The runtime's types depend on wrangler.toml and on workerd's version: they are made anew when either changed. */
function generateTypes(): void {
  const output = join(ROOT, "worker-configuration.d.ts");
  const inputs = ["wrangler.toml", "package-lock.json"].map((name) => modifiedMs(join(ROOT, name)));
  if (modifiedMs(output) > Math.max(...inputs)) return;
  const script = join(ROOT, "scripts/wrangler.ts");
  const args = [script, "types", "--strict-vars", "false"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`wrangler types failed: ${stdout}${stderr}`);
}

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = check().length === 0 ? 0 : 1;
}
