/** Readers at the tail, and what wakes them. */

/**
 * A count of changes and those who wait for the next one.
 *
 * A reader notes the version *before* it looks at the stream: a change that lands between its look and its wait is
 * then seen at once, and none is missed.
 */
export class Waiters {
  #version = 0;
  #waiting = new Set<() => void>();

  /** Changes so far. */
  get version(): number {
    return this.#version;
  }

  /** How many wait at the moment. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Wakes everyone who waits. */
  wake(): void {
    this.#version += 1;
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const resume of woken) resume();
  }

  /** Returns after the first change past `version`, at once if it has been, or after `waitMs`. */
  async past(version: number, waitMs: number): Promise<void> {
    if (this.#version !== version || waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        clearTimeout(timer);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = setTimeout(resume, waitMs);
      this.#waiting.add(resume);
    });
  }
}
