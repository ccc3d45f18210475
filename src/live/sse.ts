/** Server-sent events (§5.8): moves batches from a session to a connection, as fast as its reader takes them. */

import { formatCursor } from "#protocol/cursor.ts";
import type { Page } from "#protocol/page.ts";
import { UNCOUNTED_BYTES_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { formatControlEvent, formatDataEvent, HEARTBEAT } from "#protocol/sse.ts";
import { BUSY, type Stay } from "./room.ts";
import { startSession, takePage, type Batch, type Session } from "./session.ts";
import type { LiveSource } from "./source.ts";

export interface SseOptions {
  /** The connection ends after this long, so that caches can collapse new readers (§10.2). */
  readonly durationMs: number;
  /** Something is written at least this often: it is how a reader that went away is noticed. */
  readonly heartbeatMs: number;
  readonly clientCursor: string | null;
  /** A number in [0, 1), drawn for every cursor. */
  readonly random: () => number;
}

const ENCODER = new TextEncoder();
const HEARTBEAT_BYTES = ENCODER.encode(HEARTBEAT);
const NOTHING = new Uint8Array();

// What a connection that is stuck holds besides its room.
const PIECE_BYTES = 65_536;

// A control event has four short fields.
const CONTROL_BYTES_MAX = 1_024;

// A page and the events that are made of it are there at the same time: bytes also as base64, twice for a moment.
const COPIES = 4;

/** A page with the room that it takes; a small one takes none. */
export interface HeldPage {
  readonly page: Page;
  readonly stay: Stay | undefined;
}

/** Reads a page as soon as there is room for it. */
export async function readHeld(source: LiveSource, from: Position): Promise<Result<HeldPage>> {
  const bytes = source.bytesAfter(from);
  const isCounted = bytes > UNCOUNTED_BYTES_MAX;
  const stay = isCounted ? await source.room.enter(bytes * COPIES) : undefined;
  if (isCounted && stay === undefined) return refuse(BUSY);
  let page: Result<Page> | undefined;
  try {
    page = await source.read(from);
  } finally {
    if (page?.ok !== true) stay?.leave();
  }
  return page.ok ? accept({ page: page.value, stay }) : page;
}

/**
 * The body of an SSE answer that begins with a page. Nothing is queued for a slow reader: a batch is read when there
 * is room for it, so that a reader costs one batch of memory however far behind it is.
 */
export function sseBody(
  source: LiveSource,
  encoder: EventEncoder,
  first: HeldPage,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  const connection = new Connection(source, encoder, first, options);
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => connection.pull(controller),
      cancel: () => connection.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** What one reader is sent, in small pieces: little is left of a batch when it has to make place for others. */
class Connection {
  readonly #source: LiveSource;
  readonly #encoder: EventEncoder;
  readonly #options: SseOptions;
  readonly #endMs: number;
  readonly #streamId: string;
  #session: Session;
  #pending: HeldPage | undefined;
  #stay: Stay | undefined;
  #unsent: Uint8Array = NOTHING;
  #isLast = false;
  #isCancelled = false;

  constructor(source: LiveSource, encoder: EventEncoder, first: HeldPage, options: SseOptions) {
    this.#source = source;
    this.#encoder = encoder;
    this.#options = options;
    this.#endMs = source.now() + options.durationMs;
    this.#streamId = first.page.streamId;
    this.#session = startSession(first.page.from);
    this.#pending = first;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#unsent.length === 0) await this.#next(controller);
    if (this.#isCancelled) return;
    const rest = this.#unsent;
    // A piece is a copy: a part of the array would keep the whole of it. The last one holds the end of the data event
    // with all of the control event: no reader sees the one without the other.
    const isEnd = rest.length <= PIECE_BYTES + CONTROL_BYTES_MAX;
    const piece = isEnd ? rest : rest.slice(0, PIECE_BYTES);
    this.#unsent = rest.subarray(piece.length);
    if (piece.length > 0) controller.enqueue(piece);
    if (this.#isLast && this.#unsent.length === 0) {
      this.cancel();
      controller.close();
    }
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#unsent = NOTHING;
    this.#pending?.stay?.leave();
    this.#stay?.leave();
  }

  /** Takes the next batch, once the reader has the one before. */
  async #next(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#stay?.leave();
    this.#stay = undefined;
    const { heartbeatMs } = this.#options;
    const waitMs = Math.min(heartbeatMs, this.#endMs - this.#source.now());
    const step = await nextStep(this.#source, this.#streamId, this.#session, this.#pending, waitMs);
    this.#pending = undefined;
    if (this.#isCancelled) {
      step.stay?.leave();
      return;
    }
    this.#session = step.session;
    this.#isLast = step.gone || step.session.state === "ended" || this.#source.now() >= this.#endMs;
    this.#unsent = this.#format(step);
    this.#stay = step.stay;
    step.stay?.resize(this.#unsent.length);
    step.stay?.lend(() => {
      this.cancel();
      controller.error(new Error("Others waited for the room that this reader took."));
    });
  }

  #format({ page, batch, gone }: Step): Uint8Array {
    if (page === undefined || batch === undefined) return gone ? NOTHING : HEARTBEAT_BYTES;
    return events(this.#source, this.#encoder, page, batch, this.#options);
  }
}

interface Step {
  readonly session: Session;
  readonly page?: Page;
  readonly batch?: Batch;
  readonly stay?: Stay | undefined;
  /** The stream was deleted, whatever is at its path now, a store does not answer, or there is no room: a reader learns which when it comes back. */
  readonly gone: boolean;
}

/** The next batch, or none after `waitMs` without news. A pending page was read already. */
async function nextStep(
  source: LiveSource,
  streamId: string,
  session: Session,
  pending: HeldPage | undefined,
  waitMs: number,
): Promise<Step> {
  const endMs = source.now() + waitMs;
  for (let first = pending; ; first = undefined) {
    const { version } = source.waiters;
    const found = first === undefined ? await readHeld(source, session.position) : accept(first);
    if (!found.ok) return { session, gone: true };
    const { page, stay } = found.value;
    if (page.streamId !== streamId) {
      stay?.leave();
      return { session, gone: true };
    }
    const taken = takePage(session, page);
    if (taken.batch !== undefined) {
      return { session: taken.session, page, batch: taken.batch, stay, gone: false };
    }
    stay?.leave();
    const leftMs = endMs - source.now();
    if (leftMs <= 0) return { session, gone: false };
    await source.waiters.past(version, leftMs);
  }
}

/** A batch's events: the data, and the control event that says where they end. */
function events(
  source: LiveSource,
  encoder: EventEncoder,
  page: Page,
  batch: Batch,
  { clientCursor, random }: SseOptions,
): Uint8Array {
  const cursor = formatCursor(source.now(), clientCursor, random());
  const control = ENCODER.encode(formatControlEvent({ ...batch, cursor }));
  if (batch.chunks.length === 0) return control;
  const data = encoder.encode(page, batch);
  const bytes = new Uint8Array(data.length + control.length);
  bytes.set(data);
  bytes.set(control, data.length);
  return bytes;
}

/** Encodes a batch once for all the readers that are at the same position. */
export class EventEncoder {
  #key = "";
  #bytes: Uint8Array = new Uint8Array();

  /** The data event of a batch. The array is shared: nobody may write to it, or give it away. */
  encode(page: Page, batch: Batch): Uint8Array {
    const key = `${page.streamId}:${page.from.byte}:${batch.next.byte}:${batch.closed}`;
    if (key !== this.#key) {
      this.#bytes = ENCODER.encode(formatDataEvent(batch.chunks, page.kind));
      this.#key = key;
    }
    return this.#bytes;
  }
}
