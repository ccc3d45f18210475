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
  #looking = 0;

  /** Changes so far. */
  get version(): number {
    return this.#version;
  }

  /** How many readers there are at the moment: those who wait and those who look. */
  get size(): number {
    return this.#waiting.size + this.#looking;
  }

  /** Looks at the stream as a reader who is there, between one wait and the next. */
  async during<T>(look: () => Promise<T>): Promise<T> {
    this.#looking += 1;
    try {
      return await look();
    } finally {
      this.#looking -= 1;
    }
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
