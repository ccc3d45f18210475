/** The one place where the stores' own failures become faults. */

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

/** Writes to the object's own database. A transaction that throws is rolled back: nothing of it was written. */
export function attemptWrite<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new StorageFault("The stream's own database did not take the write.", "none", error);
  }
}
