/** Sends requests and writes down what came of them, at most so many at once. */

import type { Answer, Client, Followed } from "../harness/client.ts";
import { Subject, type SubjectOptions } from "../harness/subject.ts";
import type {
  AppendEvent,
  AppendOutcome,
  HistoryEvent,
  ReadEvent,
  ReadMode,
  RefusedReadEvent,
} from "./history.ts";
import { decodeBody, decodeEvent, encodeRecords, type StreamType } from "./records.ts";
import { Semaphore } from "./semaphore.ts";

export interface Stream {
  readonly path: string;
  readonly type: StreamType;
}

const CREATE_TRIES_MAX = 5;

type AppendRequest = Pick<AppendEvent, "client" | "records" | "closes" | "producer" | "streamSeq">;

export interface ReadRequest {
  readonly client: string;
  readonly run: number;
  readonly from: string;
}

export interface SseRequest extends ReadRequest {
  /** When the reader leaves, whether or not anything came. */
  readonly leaveAfterMs: number;
  /** After how many control events it leaves before that. */
  readonly controlsMax: number;
}

interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

export class Recorder {
  readonly history: HistoryEvent[] = [];
  /** What the readers were sent. */
  bytesRead = 0;
  readonly #client: Client;
  readonly #options: SubjectOptions;
  readonly #slots: Semaphore;
  readonly #whenUp: () => Promise<void>;
  /** One string for equal answers, since readers read the same again and again. */
  readonly #contents = new Map<string, string>();

  constructor(
    client: Client,
    options: SubjectOptions,
    concurrency: number,
    whenUp = async () => {},
  ) {
    this.#whenUp = whenUp;
    this.#client = client;
    this.#options = options;
    this.#slots = new Semaphore(concurrency);
  }

  /** @throws when the stream cannot be created: without it there is nothing to look at */
  async create(type: StreamType): Promise<Stream> {
    const subject = this.#subject();
    const path = subject.path("load");
    for (let tries = 1; ; tries++) {
      const { answer, startMs, endMs } = await this.#timed(() => subject.put(path, { type }));
      // A creation whose answer was lost is repeated, and is then perhaps that of a stream which is there.
      if (answer?.status === 201 || (answer?.status === 200 && tries > 1)) {
        const offset = answer.nextOffset;
        this.history.push({ kind: "create", stream: path, client: "main", offset, startMs, endMs });
        return { path, type };
      }
      const unknown = answer === undefined || answer.status === 503;
      if (!unknown || tries === CREATE_TRIES_MAX) {
        throw new Error(`A stream could not be created: ${answer?.status}`);
      }
    }
  }

  async append({ path, type }: Stream, request: AppendRequest): Promise<AppendOutcome> {
    const body = encodeRecords(type, request.records);
    const headers = headersOf(request);
    const { answer, startMs, endMs } = await this.#timed(() =>
      this.#subject().post(path, body, { type, headers }),
    );
    const outcome = toOutcome(answer, request.producer !== undefined);
    this.history.push({ kind: "append", stream: path, ...request, outcome, startMs, endMs });
    return outcome;
  }

  async close({ path }: Stream, client: string): Promise<void> {
    const { answer, startMs, endMs } = await this.#timed(() => this.#subject().close(path));
    const offset = answer !== undefined && isSuccess(answer) ? answer.nextOffset : undefined;
    this.history.push({ kind: "close", stream: path, client, offset, startMs, endMs });
  }

  /** @returns whether the stream is closed */
  async head({ path }: Stream, client: string): Promise<boolean> {
    const { answer, startMs, endMs } = await this.#timed(() => this.#subject().head(path));
    if (answer?.status !== 200) return false;
    const closed = isClosed(answer);
    const offset = answer.nextOffset;
    this.history.push({ kind: "head", stream: path, client, offset, closed, startMs, endMs });
    return closed;
  }

  catchUp(stream: Stream, request: ReadRequest): Promise<ReadEvent | undefined> {
    const send = () => this.#subject().get(stream.path, { offset: request.from });
    return this.#read(stream, "catch-up", request, send);
  }

  poll(stream: Stream, request: ReadRequest): Promise<ReadEvent | undefined> {
    const send = () => this.#subject().poll(stream.path, request.from);
    return this.#read(stream, "long-poll", request, send);
  }

  /** @returns the reads of this connection, one for each control event */
  async sse(stream: Stream, request: SseRequest): Promise<readonly ReadEvent[]> {
    const arrivedMs: number[] = [];
    let controls = 0;
    const { answer: followed, ...times } = await this.#timed(() =>
      this.#subject().sse(stream.path, request.from, {
        timeoutMs: request.leaveAfterMs,
        // What came before the loss was read, and has to be where the reader goes on.
        lossEnds: true,
        until: (events) => {
          if (events.length > 0) arrivedMs.push(performance.now());
          if (events.at(-1)?.event === "control") controls += 1;
          return controls >= request.controlsMax;
        },
      }),
    );
    if (followed === undefined) return [];
    if (followed.answer.status !== 200) {
      this.#refuse(stream, "sse", request, times, followed.answer.status);
      return [];
    }
    try {
      const reads = toReads(stream, request, { followed, arrivedMs, startMs: times.startMs });
      this.history.push(...reads);
      for (const { content } of reads) this.bytesRead += content.length;
      return reads;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#refuse(stream, "sse", request, times, UNREADABLE);
      return [];
    }
  }

  async #read(
    stream: Stream,
    mode: ReadMode,
    { client, run, from }: ReadRequest,
    send: () => Promise<Answer>,
  ): Promise<ReadEvent | undefined> {
    const { answer, startMs, endMs } = await this.#timed(send);
    const times = { startMs, endMs };
    if (answer === undefined || (answer.status !== 200 && answer.status !== 204)) {
      this.#refuse(stream, mode, { client, from }, times, answer?.status ?? 0);
      return undefined;
    }
    try {
      const content = answer.status === 204 ? "" : decodeBody(stream.type, answer.body);
      const read: ReadEvent = {
        kind: "read",
        stream: stream.path,
        client,
        mode,
        run,
        from,
        next: answer.nextOffset,
        content: this.#share(content),
        upToDate: isTrue(answer.header("Stream-Up-To-Date")),
        closed: isClosed(answer),
        ...times,
      };
      this.history.push(read);
      this.bytesRead += content.length;
      return read;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#refuse(stream, mode, { client, from }, times, UNREADABLE);
      return undefined;
    }
  }

  #refuse(
    stream: Stream,
    mode: ReadMode,
    { client, from }: Pick<ReadRequest, "client" | "from">,
    { startMs, endMs }: Times,
    status: number,
  ): void {
    const event: RefusedReadEvent = {
      kind: "refused-read",
      stream: stream.path,
      client,
      mode,
      from,
      status,
      startMs,
      endMs,
    };
    this.history.push(event);
  }

  #share(content: string): string {
    const known = this.#contents.get(content);
    if (known === undefined) this.#contents.set(content, content);
    return known ?? content;
  }

  /** A session for each request: its exchanges would otherwise all be kept. */
  #subject(): Subject {
    return new Subject(this.#client.session(), this.#options);
  }

  /** A lost connection is no answer; the times leave out the wait for a free slot. */
  #timed<T>(send: () => Promise<T>): Promise<Times & { readonly answer: T | undefined }> {
    return this.#slots.run(async () => {
      await this.#whenUp();
      const startMs = performance.now();
      const answer = await send().catch(() => undefined);
      return { answer, startMs, endMs: performance.now() };
    });
  }
}

/** The answer is a 200, but its body or an event is no JSON where it has to be. */
const UNREADABLE = 200;

function headersOf({ producer, streamSeq, closes }: AppendRequest): Record<string, string> {
  return {
    ...(closes ? { "Stream-Closed": "true" } : {}),
    ...(streamSeq === undefined ? {} : { "Stream-Seq": streamSeq }),
    ...(producer === undefined
      ? {}
      : {
          "Producer-Id": producer.id,
          "Producer-Epoch": String(producer.epoch),
          "Producer-Seq": String(producer.seq),
        }),
  };
}

/** A 5xx does not say whether the append has been made: nor does no answer. */
function toOutcome(answer: Answer | undefined, hasProducer: boolean): AppendOutcome {
  if (answer === undefined || answer.status >= 500) return { kind: "unknown" };
  if (isSuccess(answer)) {
    return hasProducer && answer.status === 204
      ? { kind: "duplicate" }
      : { kind: "acknowledged", offset: answer.nextOffset };
  }
  const refused = { kind: "refused", status: answer.status } as const;
  return isClosed(answer) ? { ...refused, final: answer.nextOffset } : refused;
}

const isSuccess = (answer: Answer): boolean => answer.status === 200 || answer.status === 204;
const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === "true";
const isClosed = (answer: Answer): boolean => isTrue(answer.header("Stream-Closed"));

interface Received {
  readonly followed: Followed;
  readonly arrivedMs: readonly number[];
  readonly startMs: number;
}

/** Data belongs to the control event that follows it; data without one is not read, and is asked for again. */
function toReads(
  { path, type }: Stream,
  { client, run, from }: ReadRequest,
  { followed, arrivedMs, startMs }: Received,
): ReadEvent[] {
  const isBase64 = followed.answer.header("stream-sse-data-encoding") === "base64";
  const reads: ReadEvent[] = [];
  let content = "";
  for (const [index, event] of followed.events.entries()) {
    if (event.event === "data") content += decodeEvent(type, event.data, isBase64);
    if (event.event !== "control") continue;
    const control = JSON.parse(event.data) as Record<string, unknown>;
    const closed = control["streamClosed"] === true;
    reads.push({
      kind: "read",
      stream: path,
      client,
      mode: "sse",
      run,
      from: reads.at(-1)?.next ?? from,
      next: String(control["streamNextOffset"]),
      content,
      upToDate: closed || control["upToDate"] === true,
      closed,
      startMs,
      endMs: arrivedMs[index] ?? startMs,
    });
    content = "";
  }
  return reads;
}
