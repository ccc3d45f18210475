/** Every test file inside workerd begins with a migrated, empty database. */

import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

declare global {
  // eslint-disable-next-line typescript/no-namespace -- this is how the runtime's types name the environment
  namespace Cloudflare {
    interface Env {
      MIGRATIONS: D1Migration[];
    }
  }
}

await applyD1Migrations(env.DB, env.MIGRATIONS);
