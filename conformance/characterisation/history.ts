/**
 * What happened between the clients and the server, as plain data.
 *
 * Times are milliseconds of one monotonic clock in the client's process: `startMs` just before a request was sent,
 * `endMs` just after its answer (or its event) was there. The content of a stream is a string of records, each ended
 * by "\n"; a byte stream's string has one char for each byte, a JSON stream's record is one message's JSON text.
 */

interface Timed {
  readonly stream: string;
  /** Who sent it, unique in the history. */
  readonly client: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** The offset of an empty stream, as its creation was answered. */
export interface CreateEvent extends Timed {
  readonly kind: "create";
  readonly offset: string;
}

export type AppendOutcome =
  | { readonly kind: "acknowledged"; readonly offset: string }
  /** The server says that it has this message of this producer already. */
  | { readonly kind: "duplicate" }
  /** Surely without effect. `final` is the offset of an answer that says that the stream is closed. */
  | { readonly kind: "refused"; readonly status: number; readonly final?: string }
  /** No answer, or one that does not say whether the append has been made. */
  | { readonly kind: "unknown" };

export interface ProducerTuple {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** One request that appends. Requests with equal `records` are repetitions of one message. */
export interface AppendEvent extends Timed {
  readonly kind: "append";
  readonly records: readonly string[];
  readonly producer?: ProducerTuple;
  /** `Stream-Seq`. */
  readonly streamSeq?: string;
  /** Whether the request also closes the stream. */
  readonly closes: boolean;
  readonly outcome: AppendOutcome;
}

/** A request that closes without data; `offset` is undefined when it was not acknowledged. */
export interface CloseEvent extends Timed {
  readonly kind: "close";
  readonly offset: string | undefined;
}

export interface HeadEvent extends Timed {
  readonly kind: "head";
  readonly offset: string;
  readonly closed: boolean;
}

export type ReadMode = "catch-up" | "long-poll" | "sse";

/**
 * One answer to a GET, or one control event of an SSE answer with the data before it. Of an SSE answer, `startMs` is
 * always the start of the request, since the server may have written an event long before it was read.
 */
export interface ReadEvent extends Timed {
  readonly kind: "read";
  readonly mode: ReadMode;
  /** Reads of one client with one run follow each other: each starts at the offset where the last one ended. */
  readonly run: number;
  readonly from: string;
  readonly next: string;
  readonly content: string;
  readonly upToDate: boolean;
  readonly closed: boolean;
}

/** A read that was answered with neither data nor "no data yet". */
export interface RefusedReadEvent extends Timed {
  readonly kind: "refused-read";
  readonly mode: ReadMode;
  readonly from: string;
  /** 0 when no whole answer came, or one that cannot be understood. */
  readonly status: number;
}

export type HistoryEvent =
  | CreateEvent
  | AppendEvent
  | CloseEvent
  | HeadEvent
  | ReadEvent
  | RefusedReadEvent;

export type History = readonly HistoryEvent[];
