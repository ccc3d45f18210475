/** Server-sent events (§5.8): moves batches from a session to a connection, as fast as its reader takes them. */

import { formatCursor } from "#protocol/cursor.ts";
import type { Page } from "#protocol/page.ts";
import { accept } from "#protocol/refusal.ts";
import { formatControlEvent, formatDataEvent, HEARTBEAT } from "#protocol/sse.ts";
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

/**
 * The body of an SSE answer that begins with a page. Nothing is queued for a slow reader: a batch is read when there is room for it, so that
 * a reader costs one batch of memory however far behind it is.
 */
export function sseBody(
  source: LiveSource,
  encoder: EventEncoder,
  first: Page,
  options: SseOptions,
): ReadableStream<Uint8Array> {
  const endMs = source.now() + options.durationMs;
  let session = startSession(first.from);
  let pending: Page | undefined = first;
  let cancelled = false;

  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const waitMs = Math.min(options.heartbeatMs, endMs - source.now());
    const step = await nextStep(source, session, pending, waitMs);
    if (cancelled) return;
    pending = undefined;
    session = step.session;
    if (step.page !== undefined && step.batch !== undefined) {
      controller.enqueue(events(source, encoder, step.page, step.batch, options));
    } else if (!step.gone) {
      controller.enqueue(ENCODER.encode(HEARTBEAT));
    }
    if (step.gone || session.state === "ended" || source.now() >= endMs) controller.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull,
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
}

interface Step {
  readonly session: Session;
  readonly page?: Page;
  readonly batch?: Batch;
  /** The stream was deleted: a reader learns it when it comes back. */
  readonly gone: boolean;
}

/** The next batch, or none after `waitMs` without news. A pending page was read already. */
async function nextStep(
  source: LiveSource,
  session: Session,
  pending: Page | undefined,
  waitMs: number,
): Promise<Step> {
  const endMs = source.now() + waitMs;
  for (let page = pending; ; page = undefined) {
    const { version } = source.waiters;
    const result = page === undefined ? await source.read(session.position) : accept(page);
    if (!result.ok) return { session, gone: true };
    const taken = takePage(session, result.value);
    if (taken.batch !== undefined) {
      return { session: taken.session, page: result.value, batch: taken.batch, gone: false };
    }
    const leftMs = endMs - source.now();
    if (leftMs <= 0) return { session, gone: false };
    await source.waiters.past(version, leftMs);
  }
}

/** A batch's events in one piece: no reader sees data without the control event that says where it ends. */
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
