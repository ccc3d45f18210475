/** What the set-ups of the projects give to the tests, through `inject`. */

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
    /** By test/servers.ts. */
    servers: Servers;
    /** By test/probe-target.ts: the `host:port` of a site to be probed. */
    probeTarget: string;
  }
}
