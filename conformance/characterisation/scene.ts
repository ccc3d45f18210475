/** What the clients of one stream know in common. */

import type { Random } from "./random.ts";
import { drawSize, makeRecord } from "./records.ts";
import type { Recorder, Stream } from "./recorder.ts";

/** Above this, all records are small: readers start over again and again, and a history is kept in memory. */
const CONTENT_BYTES_MAX = 3_000_000;
/** A server that gives the same data again and again must not fill the memory. */
const READ_BYTES_MAX = 1_000_000_000;

export class Scene {
  readonly recorder: Recorder;
  readonly stream: Stream;
  readonly durationMs: number;
  /** Offsets that the server gave, for readers that start anywhere. */
  readonly offsets: string[] = [];
  closed = false;
  /** On the clock of the history. */
  readonly #deadlineMs: number;
  #sentBytes = 0;

  constructor(recorder: Recorder, stream: Stream, durationMs: number) {
    this.recorder = recorder;
    this.stream = stream;
    this.durationMs = durationMs;
    this.#deadlineMs = performance.now() + durationMs;
  }

  /** Whether writers and readers are to stop. */
  get over(): boolean {
    return performance.now() >= this.#deadlineMs || this.recorder.bytesRead > READ_BYTES_MAX;
  }

  /** One to three records of `client`'s `n`th message. */
  makeRecords(random: Random, client: string, n: number): string[] {
    const count = random.chance(0.8) ? 1 : random.integer(2, 4);
    return Array.from({ length: count }, (_, index) => {
      const size = drawSize(random, this.#sentBytes < CONTENT_BYTES_MAX);
      const record = makeRecord(this.stream.type, `${client}.${n}.${index}`, size);
      this.#sentBytes += record.length;
      return record;
    });
  }
}
