/** The bodies that an object is reading: what they hold together is bounded, and so is the time that each may take. */

import { Room, type Stay } from "#live/room.ts";
import {
  BODY_BYTES_PER_SECOND_MIN,
  BODY_MS_MAX,
  ROOM_WAIT_MS,
  UPLOAD_STAY_MS,
  UPLOADS_BYTES_MAX,
} from "#protocol/limits.ts";

const SWEEP_MS = 1_000;

export class Uploads {
  readonly #room: Room;
  readonly #now: () => number;
  readonly #reading = new Set<Upload>();
  /** One for all of them. */
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
    this.#room = new Room({
      bytesMax: UPLOADS_BYTES_MAX,
      stayMs: UPLOAD_STAY_MS,
      waitMs: ROOM_WAIT_MS,
      order: "oldest",
      now,
    });
  }

  /** Begins a body. Whoever begins one ends it, whatever becomes of it. */
  begin(declared = 0): Upload {
    const upload = new Upload(this.#room, this.#now, declared);
    this.#reading.add(upload);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
    return upload;
  }

  end(upload: Upload): void {
    this.#reading.delete(upload);
    upload.leave();
    if (this.#reading.size > 0 || this.#timer === undefined) return;
    // A timer would keep the object awake, which is paid for.
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    for (const upload of this.#reading) upload.check();
  }
}

/** One body on its way. */
export class Upload {
  /** Called once when the body is given up for its slowness. */
  onSlow: () => void = () => undefined;
  readonly #room: Room;
  readonly #now: () => number;
  #sinceMs: number;
  /** How long it may become, as far as that is known. */
  #bytes: number;
  #state: "reading" | "waiting" | "slow" | "complete" = "reading";
  #stay: Stay | undefined;

  constructor(room: Room, now: () => number, bytes: number) {
    this.#room = room;
    this.#now = now;
    this.#bytes = bytes;
    this.#sinceMs = now();
  }

  /** Whether it was given up. */
  get isSlow(): boolean {
    return this.#state === "slow";
  }

  /** Waits for room. Answers whether there was any in time. */
  async enter(bytesMax: number): Promise<boolean> {
    this.#bytes = bytesMax;
    this.#state = "waiting";
    this.#stay = await this.#room.enter(bytesMax);
    this.#stay?.lend(() => this.#giveUp());
    // Its sender could not go on meanwhile.
    this.#sinceMs = this.#now();
    this.#state = "reading";
    return this.#stay !== undefined;
  }

  /** All of it is there: nothing takes it away from who uses it. */
  complete(): void {
    this.#state = "complete";
    this.#stay?.settle();
  }

  /** Gives the body up if it has taken too long by now. */
  check(): void {
    const allowedMs = BODY_MS_MAX + (this.#bytes / BODY_BYTES_PER_SECOND_MIN) * 1_000;
    if (this.#state === "reading" && this.#now() - this.#sinceMs > allowedMs) this.#giveUp();
  }

  leave(): void {
    this.#stay?.leave();
  }

  #giveUp(): void {
    if (this.#state !== "reading") return;
    this.#state = "slow";
    this.onSlow();
  }
}
