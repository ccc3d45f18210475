/**
 * When a bounded stream is to be looked at next. Looking costs rows and a question to D1, so that it happens some
 * time after an append and not with it; and a stream that has nothing to drop is not looked at.
 */

import type { Position } from "#protocol/offset.ts";
import { exceeds } from "#protocol/retention.ts";
import type { AgeNotes, StreamRecord } from "#storage/contract.ts";

/** A bound may be overstepped for this long, and an alarm's delay: less than the minute that is promised. */
export const RETENTION_STEP_MS = 30_000;

export class RetentionClock {
  readonly #ages: AgeNotes;
  readonly #now: () => number;
  #dueMs: number | undefined;

  constructor(ages: AgeNotes, now: () => number) {
    this.#ages = ages;
    this.#now = now;
  }

  /** When the next look is due; undefined when none is. */
  get dueMs(): number | undefined {
    return this.#dueMs;
  }

  /** Follows what was loaded or created: what an earlier object left undone is due at once. */
  start({ retention, state, base }: StreamRecord, tail: Position): void {
    this.#dueMs = undefined;
    if (retention === undefined || state === "gone") return;
    const isNoted = (this.#ages.newest()?.position ?? base).byte >= tail.byte;
    const isDue = exceeds(retention, base, tail) || (retention.seconds !== undefined && !isNoted);
    this.#dueMs = isDue ? this.#now() : this.#ageDueMs(retention.seconds);
  }

  /** Follows an append to a bounded stream. */
  appended(): void {
    const due = this.#now() + RETENTION_STEP_MS;
    this.#dueMs = Math.min(this.#dueMs ?? Infinity, due);
  }

  /** Follows the beginning of a look: if it fails, the next one is due a step later. */
  looking(): void {
    this.#dueMs = this.#now() + RETENTION_STEP_MS;
  }

  /** Follows a look that is complete. */
  looked({ retention }: StreamRecord): void {
    this.#dueMs = this.#ageDueMs(retention?.seconds);
  }

  stop(): void {
    this.#dueMs = undefined;
  }

  #ageDueMs(seconds: number | undefined): number | undefined {
    const oldest = seconds === undefined ? undefined : this.#ages.oldest();
    return oldest === undefined ? undefined : oldest.atMs + (seconds ?? 0) * 1_000;
  }
}
