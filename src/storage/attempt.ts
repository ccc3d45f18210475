/** The one place where a store's own failures become faults. */

import { StorageFault } from "./contract.ts";

/**
 * Asks a store, and says with which effect it failed if it does.
 *
 * @param effect `none` for a question; `unknown` for a write, which may have happened although no answer came
 */
export async function attempt<T>(
  store: "D1" | "R2",
  effect: "none" | "unknown",
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new StorageFault(`${store} did not answer.`, effect, error);
  }
}
