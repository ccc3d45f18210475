/**
 * Room: how many bytes an object holds at one time for clients that are slow to send or to read.
 *
 * An object has 128 MB of memory, and nothing else limits how many clients it serves. Whoever is about to hold many
 * bytes enters first. When there is no room, those who have stayed too long have to make place; otherwise one waits.
 */

import type { Refusal } from "#protocol/refusal.ts";

/** What a reader is told for whom there was no room in time. */
export const BUSY: Refusal = {
  code: "busy",
  message:
    "Too many large answers of this stream are on their way at once: their readers are slow.",
  retryAfterSeconds: 1,
};

/** A part of the room that is taken. Nobody but its owner ends it, except while it is lent. */
export interface Stay {
  /** Takes another size from now on, as what is held is known. Nothing after it was left or evicted. */
  resize(bytes: number): void;
  /**
   * From now on the client alone decides how long it takes: past a time it makes place for others.
   *
   * @param onEvict called then; the room is given back already
   */
  lend(onEvict: () => void): void;
  /** Ends the lending: what is held is in use. */
  settle(): void;
  /** Gives the room back. May be repeated. */
  leave(): void;
}

export interface RoomOptions {
  readonly bytesMax: number;
  /** Who has been lent room for longer makes place when others wait. */
  readonly stayMs: number;
  /** Who has waited longer is turned away. */
  readonly waitMs: number;
  /**
   * Who is let in first of those who wait. With `newest` someone who has just come is served in the middle of a crowd
   * that will never be.
   */
  readonly order: "oldest" | "newest";
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

interface Waiting {
  readonly bytes: number;
  readonly sinceMs: number;
  readonly enter: (stay: Stay | undefined) => void;
}

const TICK_MS = 1_000;

export class Room {
  readonly #options: RoomOptions;
  #held = 0;
  /** Those who can be made to leave, the one that was lent room first comes first. */
  readonly #lent = new Map<Stay, { readonly sinceMs: number; readonly evict: () => void }>();
  /** In the order of their coming. */
  #waiting: Waiting[] = [];
  #ticking = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** The bytes that are taken at the moment. */
  get held(): number {
    return this.#held;
  }

  /**
   * Enters, at once if there is room.
   *
   * @param bytes what will be held at most; more than the whole room counts as the whole room
   * @returns undefined when there was no room in time
   */
  enter(bytes: number): Stay | Promise<Stay | undefined> {
    const size = Math.min(bytes, this.#options.bytesMax);
    if (this.#waiting.length === 0 && this.#makePlace(size)) return this.#take(size);
    return new Promise((enter) => {
      this.#waiting.push({ bytes: size, sinceMs: this.#options.now(), enter });
      this.#admit();
      this.#tick();
    });
  }

  #fits(bytes: number): boolean {
    return this.#held + bytes <= this.#options.bytesMax;
  }

  /** Evicts who has stayed too long until there is room, or nobody is left to evict. */
  #makePlace(bytes: number): boolean {
    const { now, stayMs } = this.#options;
    for (const [stay, { sinceMs, evict }] of this.#lent) {
      if (this.#fits(bytes) || now() - sinceMs < stayMs) break;
      this.#lent.delete(stay);
      evict();
    }
    return this.#fits(bytes);
  }

  #take(bytes: number): Stay {
    let held = bytes;
    let ended = false;
    const hold = (now: number) => {
      if (ended) return;
      this.#held += now - held;
      held = now;
    };
    const end = () => {
      hold(0);
      ended = true;
    };
    const stay: Stay = {
      resize: (now) => {
        hold(now);
        this.#admit();
      },
      lend: (onEvict) => {
        const evict = () => {
          end();
          onEvict();
        };
        this.#lent.delete(stay);
        this.#lent.set(stay, { sinceMs: this.#options.now(), evict });
      },
      settle: () => void this.#lent.delete(stay),
      leave: () => {
        end();
        this.#lent.delete(stay);
        this.#admit();
      },
    };
    this.#held += bytes;
    return stay;
  }

  #admit(): void {
    for (;;) {
      const next = this.#options.order === "oldest" ? this.#waiting[0] : this.#waiting.at(-1);
      if (next === undefined || !this.#makePlace(next.bytes)) return;
      this.#waiting = this.#waiting.filter((w) => w !== next);
      next.enter(this.#take(next.bytes));
    }
  }

  /** While somebody waits: evicts who has stayed too long by now, and turns away who has waited too long. */
  #tick(): void {
    if (this.#ticking || this.#waiting.length === 0) return;
    this.#ticking = true;
    setTimeout(() => {
      this.#ticking = false;
      this.#admit();
      const { now, waitMs } = this.#options;
      const late = this.#waiting.filter((w) => now() - w.sinceMs >= waitMs);
      this.#waiting = this.#waiting.filter((w) => !late.includes(w));
      for (const { enter } of late) enter(undefined);
      this.#tick();
    }, TICK_MS);
  }
}
