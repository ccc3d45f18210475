/** Wrangler on this machine alone. `node scripts/wrangler.ts types` is `wrangler types`, off the network. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { goOffline } from "./offline.ts";

const WRANGLER = join(import.meta.dirname, "../node_modules/wrangler/bin/wrangler.js");

/** @returns the exit code */
export function runWrangler(
  args: readonly string[],
  stdin: "inherit" | "ignore" = "inherit",
): Promise<number> {
  goOffline();
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    stdio: [stdin, "inherit", "inherit"],
  });
  // Ctrl-C reaches the child by itself: this process only waits for it.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve(code ?? 1));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await runWrangler(process.argv.slice(2));
}
