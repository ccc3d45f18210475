/**
 * Turns: writers that arrive together share one commit.
 *
 * What an object writes in one turn of its event loop becomes durable in one commit, and the disk is what an append
 * mostly waits for. So while a commit is on its way, writers wait; then all of them go on in the same turn, in the
 * order of their coming.
 *
 * Asking for the end of a commit costs something as well. A writer who is alone gains nothing from it: once nobody
 * has waited for a while, only one commit in {@link PROBE_EVERY} is followed to its end, to see whether that changed.
 */

const ALONE_AFTER = 4;
const PROBE_EVERY = 8;

export class CommitTurns {
  readonly #sync: () => Promise<void>;
  /** Set from the end of the turn that wrote to the end of its commit. */
  #committing: Promise<void> | undefined;
  /** A commit is being followed: from its first write on. */
  #begun = false;
  #waited = false;
  /** Commits in a row that nobody waited for, as far as they were followed. */
  #alone = 0;
  #commits = 0;

  /** @param sync returns when everything that was written is durable */
  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Waits for the commit that is on its way, if there is one. */
  async next(): Promise<void> {
    while (this.#committing !== undefined) {
      this.#waited = true;
      await this.#committing;
    }
  }

  /** Says that something was written in this turn. */
  begin(): void {
    if (this.#begun) return;
    this.#commits += 1;
    if (this.#alone >= ALONE_AFTER && this.#commits % PROBE_EVERY !== 0) return;
    this.#begun = true;
    const committing = this.#follow();
    // Those who go on in this turn still write: only who comes after them has to wait.
    queueMicrotask(() => {
      if (this.#begun) this.#committing = committing;
    });
  }

  async #follow(): Promise<void> {
    try {
      await this.#sync();
    } catch {
      // The platform breaks an object whose commit failed, and with it the answer of everyone who waits for it.
    }
    this.#alone = this.#waited ? 0 : this.#alone + 1;
    this.#waited = false;
    this.#begun = false;
    this.#committing = undefined;
  }
}
