/** An answer that holds its bytes until its reader has them, and how it takes and gives back room. */

import type { Room, Stay } from "#live/room.ts";
import { UNCOUNTED_BYTES_MAX } from "#protocol/limits.ts";

/** A part of an array keeps all of it: one that is so many times as large would be held uncounted. */
const SPARE_FACTOR = 3;

export class HeldAnswer {
  readonly #room: Room;
  #stay: Stay | undefined;
  #isSent = false;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Waits for room unless it has some, or needs none. Answers whether there was any in time. */
  async enter(bytes: number): Promise<boolean> {
    if (this.#stay !== undefined || bytes <= UNCOUNTED_BYTES_MAX) return true;
    this.#stay = await this.#room.enter(bytes);
    return this.#stay !== undefined;
  }

  /** The body to answer with. A reader who takes too long loses its connection when others wait. */
  send(bytes: Uint8Array): BodyInit {
    const stay = this.#stay;
    if (stay === undefined) return bytes;
    this.#isSent = true;
    stay.resize(bytes.length);
    const body = bytes.buffer.byteLength > SPARE_FACTOR * bytes.length ? bytes.slice() : bytes;
    const { readable, writable } = new FixedLengthStream(bytes.length);
    const writer: WritableStreamDefaultWriter<Uint8Array> = writable.getWriter();
    stay.lend(() => void settled(writer.abort(new Error("Others waited for the room."))));
    void settled(write(writer, body)).then(() => stay.leave());
    return readable;
  }

  /** Gives the room back if nothing was sent. */
  endUnsent(): void {
    if (!this.#isSent) this.#stay?.leave();
  }
}

async function write(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  bytes: Uint8Array,
): Promise<void> {
  await writer.write(bytes);
  await writer.close();
}

/** Waits for the end of a transfer, good or bad: when it is bad, the reader went away or was sent away. */
async function settled(transfer: Promise<unknown>): Promise<void> {
  await Promise.allSettled([transfer]);
}
