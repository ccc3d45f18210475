/**
 * Which appends share a flush, where each waits for D1.
 *
 * A flush costs the same for one append as for many. Writers who are answered together usually come back together:
 * the next flush waits for them, as long as they keep coming. A writer who is alone is never waited for.
 */

/** Nobody has come for this long: nobody is coming. */
const QUIET_MS = 1;
const GATHER_MS_MAX = 5;

export class FlushTurns {
  readonly #delay: (ms: number) => Promise<void>;
  readonly #now: () => number;
  /** The appends that wait for a flush, the one that is under way included. */
  #waiting = 0;
  /** How many were about when the last flush ended: those whom it answered, and those who had to wait. */
  #expected = 0;
  #onComplete: () => void = () => undefined;

  /**
   * @param delay returns after some milliseconds
   * @param now milliseconds since 1970
   */
  constructor(delay: (ms: number) => Promise<void>, now: () => number) {
    this.#delay = delay;
    this.#now = now;
  }

  /** Says that an append waits from now on. */
  join(): void {
    this.#waiting += 1;
    if (this.#waiting >= this.#expected) this.#onComplete();
  }

  /** Waits for those who are expected. Returns at once when they are there. */
  async gather(): Promise<void> {
    const untilMs = this.#now() + GATHER_MS_MAX;
    const complete = new Promise<void>((resolve) => {
      this.#onComplete = resolve;
    });
    while (this.#waiting < this.#expected && this.#now() < untilMs) {
      const before = this.#waiting;
      await Promise.race([complete, this.#delay(QUIET_MS)]);
      if (this.#waiting === before) break;
    }
    this.#onComplete = () => undefined;
  }

  /** Runs a flush of all who wait by now. One that fails sends away those as well who came during it. */
  async run(flush: () => Promise<void>): Promise<void> {
    let answered = this.#waiting;
    try {
      await flush();
    } catch (error) {
      answered = this.#waiting;
      throw error;
    } finally {
      this.#expected = this.#waiting;
      this.#waiting -= answered;
    }
  }
}
