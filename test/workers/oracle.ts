/**
 * What the protocol says a server must answer, on plain values in memory. It knows nothing of this server: positions
 * are counts of messages (JSON) or of bytes, and what token stands for one is for the caller to find out.
 */

import { Content, type Kind } from "./content.ts";

export const TYPES: Record<Kind, string> = {
  json: "application/json",
  text: "text/plain",
  bytes: "application/octet-stream",
};

export interface Stamp {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

interface Origin {
  readonly sourcePath: string;
  readonly source: Model;
  /** The token of the anchor, and what was added to it: what a repeated PUT is compared by. */
  readonly anchor: number;
  readonly sub: number;
  /** The source's first position at that time. */
  readonly base: number;
}

/** One incarnation of a stream. */
export interface Model {
  readonly kind: Kind;
  readonly content: Content;
  /** The token of every position that an answer has named. */
  readonly tokens: Map<number, string>;
  readonly origin: Origin | undefined;
  readonly forks: Set<Model>;
  readonly producers: Map<string, { epoch: number; seq: number }>;
  /** The first position that can be read: what precedes it was trimmed, here or in the source. */
  base: number;
  closed: boolean;
  closedBy: Stamp | undefined;
  gone: boolean;
  writerSeq: string | undefined;
}

/** An answer that the protocol asks for. Headers that are null must be absent. */
export interface Expected {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | null>>;
  /** `Stream-Next-Offset` must be the token of this position of this stream. */
  readonly next?: { readonly stream: Model; readonly position: number };
  /** `Stream-Earliest-Offset` must be the token of the first position of this stream. */
  readonly earliest?: Model;
}

export interface Create {
  readonly kind: Kind;
  readonly closed: boolean;
  readonly frames: readonly Uint8Array[];
}

export interface Fork {
  readonly sourcePath: string;
  /** Undefined: the tail. `start`: the source's first position. `invalid`: a token of another stream. */
  readonly anchor: number | "start" | "invalid" | undefined;
  readonly sub: number;
  readonly kind: Kind | undefined;
  readonly closed: boolean;
  readonly frames: readonly Uint8Array[];
}

export interface Append {
  readonly emptyBody: boolean;
  readonly wrongType: boolean;
  readonly frames: readonly Uint8Array[];
  readonly close: boolean;
  readonly producer: Stamp | undefined;
  readonly writerSeq: string | undefined;
}

const CLOSED = "Stream-Closed";
const OPEN: Record<string, null> = { [CLOSED]: null };

export class Oracle {
  readonly streams = new Map<string, Model>();

  create(path: string, { kind, closed, frames }: Create): Expected {
    const existing = this.streams.get(path);
    if (existing !== undefined) {
      const same =
        !existing.gone &&
        existing.origin === undefined &&
        existing.kind === kind &&
        existing.closed === closed;
      return same ? describe(200, existing) : { status: 409 };
    }
    const stream = newModel(kind, closed, new Content(kind), undefined);
    stream.content.append(frames);
    this.streams.set(path, stream);
    return describe(201, stream);
  }

  /** §4.2. What is wrong with the source comes before its content type, then offset, then sub-offset. */
  fork(path: string, command: Fork): Expected {
    const { sourcePath, anchor, sub, kind, closed, frames } = command;
    const existing = this.streams.get(path);
    if (existing !== undefined) {
      return sameFork(existing, command) ? describe(200, existing) : { status: 409 };
    }
    const source = this.streams.get(sourcePath);
    if (source === undefined) return { status: 404 };
    if (source.gone || (kind ?? source.kind) !== source.kind) return { status: 409 };
    if (anchor === "invalid") return { status: 400 };
    const at = anchor === "start" ? source.base : (anchor ?? source.content.length);
    if (at < source.base) return { status: 400 };
    const point = at + sub;
    if (sub > 0 && point > source.content.boundaryAfter(at)) return { status: 400 };
    const content = source.content.prefix(point);
    const stream = newModel(source.kind, closed, content, {
      sourcePath,
      source,
      anchor: at,
      sub,
      base: source.base,
    });
    stream.base = source.base;
    for (const [position, token] of source.tokens) {
      if (position <= point) stream.tokens.set(position, token);
    }
    source.forks.add(stream);
    stream.content.append(frames);
    this.streams.set(path, stream);
    return describe(201, stream);
  }

  /** §5.2: closed, then content type, then body, then producer, then `Stream-Seq`. */
  append(path: string, command: Append): Expected {
    if (command.emptyBody && !command.close) return { status: 400 };
    const stream = this.streams.get(path);
    if (stream === undefined || stream.gone) return missing(stream);
    if (stream.closed) return appendToClosed(stream, command);
    if (!command.emptyBody && command.wrongType) return { status: 409, headers: OPEN };
    if (!command.emptyBody && command.frames.length === 0) return { status: 400 };
    const decided = decideProducer(stream, command.producer) ?? decideSeq(stream, command);
    if (decided !== undefined) return decided;
    stream.content.append(command.frames);
    this.#commit(stream, command);
    const { status, headers, next } = describe(204, stream);
    const { producer } = command;
    return {
      status: producer !== undefined && !command.emptyBody ? 200 : status,
      headers: { ...pickClosed(headers), ...producerHeaders(producer) },
      ...(next === undefined ? {} : { next }),
    };
  }

  delete(path: string): Expected {
    const stream = this.streams.get(path);
    if (stream === undefined || stream.gone) return missing(stream);
    this.#takeAway(path, stream);
    return { status: 204 };
  }

  head(path: string): Expected {
    const stream = this.streams.get(path);
    if (stream === undefined || stream.gone) return missing(stream);
    return { ...describe(200, stream), earliest: stream };
  }

  /** Not of the protocol: what precedes a position is dropped. What was dropped already stays so. */
  trim(path: string, before: number | "start" | "invalid"): Expected {
    const stream = this.streams.get(path);
    if (stream === undefined || stream.gone) return missing(stream);
    // A token of an earlier stream at the path precedes all of this one's.
    if (typeof before === "number") stream.base = Math.max(stream.base, before);
    return {
      status: 204,
      next: { stream, position: stream.content.length },
      earliest: stream,
    };
  }

  #commit(stream: Model, { close, producer, writerSeq }: Append): void {
    if (producer !== undefined) {
      stream.producers.set(producer.id, { epoch: producer.epoch, seq: producer.seq });
    }
    stream.writerSeq = writerSeq ?? stream.writerSeq;
    if (!close) return;
    stream.closed = true;
    stream.closedBy = producer;
  }

  /** A stream that forks read stays, out of sight; the last fork takes it along. */
  #takeAway(path: string, stream: Model): void {
    if (stream.forks.size > 0) {
      stream.gone = true;
      return;
    }
    this.streams.delete(path);
    const { origin } = stream;
    if (origin === undefined) return;
    origin.source.forks.delete(stream);
    if (origin.source.gone) this.#takeAway(origin.sourcePath, origin.source);
  }
}

function newModel(
  kind: Kind,
  closed: boolean,
  content: Content,
  origin: Origin | undefined,
): Model {
  return {
    kind,
    content,
    tokens: new Map(),
    origin,
    forks: new Set(),
    producers: new Map(),
    base: 0,
    closed,
    closedBy: undefined,
    gone: false,
    writerSeq: undefined,
  };
}

/** §4.2, "Idempotent fork creation". */
function sameFork(existing: Model, { sourcePath, anchor, sub, kind, closed }: Fork): boolean {
  const { origin } = existing;
  return (
    !existing.gone &&
    origin?.sourcePath === sourcePath &&
    (kind ?? existing.kind) === existing.kind &&
    existing.closed === closed &&
    origin.sub === sub &&
    (anchor === "start" ? origin.base : (anchor ?? origin.anchor)) === origin.anchor
  );
}

export function missing(stream: Model | undefined): Expected {
  return { status: stream === undefined ? 404 : 410 };
}

function describe(status: number, stream: Model): Expected {
  return {
    status,
    headers: { "Content-Type": TYPES[stream.kind], [CLOSED]: stream.closed ? "true" : null },
    next: { stream, position: stream.content.length },
  };
}

function pickClosed(headers: Expected["headers"]): Record<string, string | null> {
  return { [CLOSED]: headers?.[CLOSED] ?? null };
}

function appendToClosed(stream: Model, command: Append): Expected {
  const next = { stream, position: stream.content.length };
  const headers = { [CLOSED]: "true" };
  const { producer } = command;
  const { closedBy } = stream;
  if (producer === undefined && command.emptyBody) return { status: 204, headers, next };
  const same =
    producer !== undefined &&
    closedBy?.id === producer.id &&
    closedBy.epoch === producer.epoch &&
    closedBy.seq === producer.seq;
  if (same) return { status: 204, headers: { ...headers, ...producerHeaders(producer) }, next };
  return { status: 409, headers, next };
}

/** §5.2.1, "Validation Logic". */
function decideProducer(stream: Model, stamp: Stamp | undefined): Expected | undefined {
  if (stamp === undefined) return undefined;
  const state = stream.producers.get(stamp.id);
  if (state === undefined) return stamp.seq === 0 ? undefined : gap(0, stamp.seq);
  if (stamp.epoch < state.epoch) {
    return { status: 403, headers: { "Producer-Epoch": String(state.epoch) } };
  }
  if (stamp.epoch > state.epoch) return stamp.seq === 0 ? undefined : { status: 400 };
  if (stamp.seq <= state.seq) {
    return {
      status: 204,
      headers: producerHeaders(state),
      next: { stream, position: stream.content.length },
    };
  }
  return stamp.seq === state.seq + 1 ? undefined : gap(state.seq + 1, stamp.seq);
}

function gap(expected: number, received: number): Expected {
  const headers = {
    "Producer-Expected-Seq": String(expected),
    "Producer-Received-Seq": String(received),
  };
  return { status: 409, headers };
}

function decideSeq(stream: Model, { writerSeq }: Append): Expected | undefined {
  if (writerSeq === undefined || stream.writerSeq === undefined) return undefined;
  return writerSeq > stream.writerSeq ? undefined : { status: 409, headers: OPEN };
}

function producerHeaders(state: { epoch: number; seq: number } | undefined) {
  return {
    "Producer-Epoch": state === undefined ? null : String(state.epoch),
    "Producer-Seq": state === undefined ? null : String(state.seq),
  };
}
