/** What a figure was measured on: it means nothing without. */

import { readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";

export type Machine = Readonly<Record<string, string>>;

const PACKAGES = ["workerd", "miniflare", "@durable-streams/server", "undici"] as const;
const GIB = 1_073_741_824;

export function describeMachine(): Machine {
  const [cpu] = cpus();
  return {
    processor: `${availableParallelism()} × ${cpu?.model.trim() ?? "unknown"}`,
    memory: `${(totalmem() / GIB).toFixed(0)} GiB`,
    system: platform(),
    node: process.version,
    ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  };
}

function versionOf(name: string): string {
  const file = join(import.meta.dirname, "../node_modules", name, "package.json");
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}
