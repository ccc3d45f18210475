/** Whether a server is there at all, asked before hundreds of tests find out one by one. */

import { request } from "undici";

const PROBE_TIMEOUT_MS = 5_000;

/** @returns undefined when something answered HTTP at `url`, whatever it said; otherwise why not */
export async function probe(url: string): Promise<string | undefined> {
  try {
    const answer = await request(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await answer.body.dump();
    return undefined;
  } catch (error) {
    return `No server answers at ${url} (${describe(error)}).`;
  }
}

/** A refused connection has no message of its own, only a code. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
