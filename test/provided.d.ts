/** What test/servers.ts gives to the tests, through `inject("servers")`. */

// eslint-disable-next-line import/no-unassigned-import -- makes the module known, so that it can be augmented
import "vitest";

export interface Servers {
  readonly journal: string;
  readonly d1: string;
  readonly longPollTimeoutMs: number;
  readonly sseDurationMs: number;
  readonly adminToken: string;
}

declare module "vitest" {
  interface ProvidedContext {
    servers: Servers;
  }
}
