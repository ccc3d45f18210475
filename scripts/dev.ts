/** `npm run dev`: `wrangler dev`, which reloads on every change, on the data of `npm start` (not both at once). */

import { openDataDirectory } from "./data-directory.ts";
import { StartError } from "./start-error.ts";
import { runWrangler } from "./wrangler.ts";

// As on a server of `npm start`, a comparison may ask this one.
const OWN_HOST = "COMPARE_ALLOWED_HOSTS:127.0.0.1:4437,localhost:4437";
const DEV = ["dev", "--port", "4437", "--var", "DEVELOPMENT:on", "--var", OWN_HOST];

try {
  const data = await openDataDirectory(".headwater");
  Object.assign(process.env, data.environment);
  const state = ["--persist-to", data.path];
  console.warn(
    "DEVELOPMENT MODE: routes that need a token are open to EVERYONE who reaches this server, unless .dev.vars sets TICKETS_ADMIN_TOKEN and TICKETS_SCANNER_TOKEN.",
  );
  // Without a terminal wrangler applies the migrations and does not ask first.
  const migrate = ["d1", "migrations", "apply", "DB", "--local", ...state];
  const migrated = await runWrangler(migrate, "ignore");
  process.exitCode =
    migrated === 0 ? await runWrangler([...DEV, ...state, ...process.argv.slice(2)]) : migrated;
  data.release();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  for (const line of error.lines) console.error(line);
  process.exitCode = 1;
}
