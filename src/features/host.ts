/**
 * A feature in the object of one of its streams: decides commands, answers questions, fires the timer, replays.
 *
 * Concurrency: the object runs one piece of JavaScript at a time. A command is decided, appended, followed in the
 * tables and its answer stored in one transaction without an `await`. Only a replay waits in between, for D1 and R2;
 * commands, questions and the timer wait for its end.
 */

import { readPage } from "#engine/read.ts";
import { expire } from "#engine/remove.ts";
import type { Stream } from "#engine/stream.ts";
import { refuseStream, transact, type Write, type WriteView } from "#engine/transact.ts";
import { splitFrames } from "#protocol/frames.ts";
import type { Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import { Answers } from "./answers.ts";
import type { DecideContext, Decision, FeatureEvent, View } from "./command.ts";
import type { Feature } from "./feature.ts";
import type { CommandRequest, IdempotencyKey, ObjectReply, QueryRequest } from "./object.ts";
import { Projection } from "./projection.ts";
import { fromRefusal } from "./refusal.ts";

/** What a host is given: a feature, the stream, and the database of the object that both live in. */
export interface HostOptions {
  readonly feature: Feature;
  readonly path: StreamPath;
  readonly stream: Stream;
  readonly sql: SqlStorage;
}

type Decide = (view: View, context: DecideContext) => Decision<FeatureEvent, unknown>;

// A timer that is still due after it was asked has decided nothing: it is asked again this much later.
const TIMER_RETRY_MS = 60_000;

export class FeatureHost {
  readonly #feature: Feature;
  readonly #path: StreamPath;
  readonly #stream: Stream;
  readonly #projection: Projection;
  readonly #answers: Answers;
  #replaying: Promise<void> | undefined;

  constructor({ feature, path, stream, sql }: HostOptions) {
    this.#feature = feature;
    this.#path = path;
    this.#stream = stream;
    this.#projection = new Projection(feature, sql);
    this.#answers = new Answers(sql);
    this.#refreshTimer();
  }

  /** Decides a command and commits it, or answers a repeat as the first time. */
  async runCommand({ command: name, input, key }: CommandRequest): Promise<ObjectReply> {
    const command = this.#feature.commands.find((c) => c.name === name);
    if (command === undefined) throw new Error(`${this.#feature.name} has no command ${name}.`);
    const value: unknown = JSON.parse(input);
    return this.#commit((view, context) => command.decide(value, view, context), key);
  }

  /** Answers a question from the committed tables. A stream that does not exist has empty ones. */
  async runQuery({ query: name, input }: QueryRequest): Promise<ObjectReply> {
    const query = this.#feature.queries.find((q) => q.name === name);
    if (query === undefined) throw new Error(`${this.#feature.name} has no query ${name}.`);
    const refusal = this.#refuseForeign();
    if (refusal !== undefined) return refusal;
    await this.#ready();
    const { view } = this.#projection;
    const { slot, deps } = this.#stream;
    const answer = () => query.answer(JSON.parse(input), view, deps.now());
    const value = slot.kind === "present" ? answer() : this.#onEmptyTables(answer);
    return { ok: true, answer: encode(value) };
  }

  /** Replays the stream from its first kept event into empty tables. */
  async rebuild(): Promise<ObjectReply> {
    const refusal = this.#refuseForeign();
    if (refusal !== undefined) return refusal;
    await this.#ready();
    const { slot } = this.#stream;
    if (slot.kind === "absent") return { ok: true, answer: encode({ events: 0 }) };
    const { id, base } = slot.record;
    this.#stream.deps.transaction(() => this.#projection.create(id, base));
    await this.#ready();
    return { ok: true, answer: encode({ events: slot.tail.seq - base.seq }) };
  }

  /** Does what is due. Called by the object's alarm, which also comes for other reasons. */
  async onAlarm(): Promise<void> {
    const { timer } = this.#feature;
    if (timer === undefined || !this.#isDue()) return;
    // Tables that are to be made anew are due at once, and then say when the timer is.
    await this.#ready();
    if (!this.#isDue()) return;
    const reply = await this.#commit((view, context) => timer.decide(view, context), undefined);
    if (!reply.ok) console.warn(`The timer of ${this.#path} was refused.`, reply.refusal);
    if (this.#isDue()) this.#stream.timerDueMs = this.#stream.deps.now() + TIMER_RETRY_MS;
  }

  #isDue(): boolean {
    const { timerDueMs = Infinity, deps } = this.#stream;
    return deps.now() >= timerDueMs;
  }

  async #commit(decide: Decide, key: IdempotencyKey | undefined): Promise<ObjectReply> {
    for (;;) {
      const refusal = this.#refuseForeign();
      if (refusal !== undefined) return refusal;
      await this.#ready();
      const reply = await this.#attempt(decide, key);
      if (reply !== undefined) return reply;
    }
  }

  /** @returns undefined when a replay has begun since it was looked whether the tables are ready */
  async #attempt(
    decide: Decide,
    key: IdempotencyKey | undefined,
  ): Promise<ObjectReply | undefined> {
    try {
      const result = await transact(this.#stream, this.#path, (view) =>
        this.#decide(view, decide, key),
      );
      return result.ok ? result.value : { ok: false, refusal: fromRefusal(result.refusal) };
    } catch (error) {
      // Everything in the transaction was undone: what is known of the tables is looked up again.
      this.#projection.load();
      this.#answers.load();
      this.#refreshTimer();
      if (error instanceof Undone) return error.reply;
      throw error;
    }
  }

  /** One command in its transaction. */
  #decide(
    { exists, streamId, tail }: WriteView,
    decide: Decide,
    key: IdempotencyKey | undefined,
  ): Write<ObjectReply | undefined> {
    const projection = this.#projection;
    const { now, newId } = this.#stream.deps;
    const nowMs = now();
    if (!exists) projection.create(streamId, undefined);
    if (!projection.isCurrent(streamId)) return { messages: [], value: undefined };
    const known = key === undefined || !exists ? undefined : this.#answers.find(key, nowMs);
    if (known !== undefined) return { messages: [], value: known };

    const decision = decide(projection.view, { path: this.#path, nowMs, newId });
    const reply: ObjectReply = decision.ok
      ? { ok: true, answer: encode(decision.answer) }
      : { ok: false, refusal: decision.refusal };
    const messages = decision.ok ? decision.events.map(encodeMessage) : [];
    // Where no stream is, and none comes to be, nothing is left behind.
    if (!exists && messages.length === 0) throw new Undone(reply);
    projection.project(messages, tail);
    const trimBefore = decision.ok ? decision.trimBefore : undefined;
    if (trimBefore !== undefined) this.#forget(trimBefore);
    if (key !== undefined) this.#answers.store(key, reply, nowMs);
    this.#stream.timerDueMs = this.#feature.timer?.dueMs(projection.view);
    return { messages, trimBefore, value: reply };
  }

  #forget(before: Position): void {
    if (this.#feature.forget === undefined) {
      throw new Error(`${this.#feature.name} trims and has no forget.`);
    }
    this.#feature.forget(before, this.#projection.tables);
  }

  /** The stream may be older than the feature: one that is deleted or holds no JSON has no events. */
  #refuseForeign(): ObjectReply | undefined {
    const present = this.#stream.present(expire);
    if (present === undefined) return undefined;
    const refusal = refuseStream(present);
    return refusal === undefined ? undefined : { ok: false, refusal: fromRefusal(refusal) };
  }

  /** Returns once the tables are those of the stream. One replay at a time: whoever comes during one waits for it. */
  async #ready(): Promise<void> {
    for (;;) {
      const { slot } = this.#stream;
      if (slot.kind === "absent" || this.#projection.isCurrent(slot.record.id)) return;
      this.#replaying ??= this.#replay(slot.record.id).finally(() => {
        this.#replaying = undefined;
      });
      await this.#replaying;
    }
  }

  async #replay(id: string): Promise<void> {
    const { transaction } = this.#stream.deps;
    const begun = this.#stream.sameStream(id);
    if (begun === undefined) return;
    if (this.#projection.replayFrom(id) === undefined) {
      transaction(() => this.#projection.create(id, begun.record.base));
    }
    for (;;) {
      const from = this.#projection.replayFrom(id);
      if (from === undefined) return;
      const page = await readPage(this.#stream, from);
      const now = this.#stream.sameStream(id);
      if (now === undefined) return;
      if (!page.ok) throw new Error(`${this.#path} cannot be replayed: ${page.refusal.message}`);
      // The last page and the word that the tables are complete are one transaction, with nothing before the tail left.
      transaction(() => {
        const next = this.#projection.project(page.value.chunks.flatMap(splitFrames), from);
        this.#projection.replayed(next.byte >= now.tail.byte ? undefined : next);
        this.#refreshTimer();
      });
    }
  }

  /** Runs something on the tables of a stream that does not exist, and leaves no table behind. */
  #onEmptyTables<T>(run: () => T): T {
    let value: { readonly of: T } | undefined;
    try {
      this.#stream.deps.transaction(() => {
        this.#projection.create("", undefined);
        value = { of: run() };
        throw new Undone({ ok: true, answer: "" });
      });
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
    } finally {
      this.#projection.load();
    }
    if (value === undefined) throw new Error("The tables were not asked.");
    return value.of;
  }

  /** The alarm is the object's: the engine sets it to whatever is due first. */
  #refreshTimer(): void {
    const { slot, deps } = this.#stream;
    const { timer } = this.#feature;
    if (timer === undefined || slot.kind === "absent") {
      this.#stream.timerDueMs = undefined;
      return;
    }
    const { view } = this.#projection;
    const isKnown = this.#projection.isCurrent(slot.record.id);
    this.#stream.timerDueMs = isKnown ? timer.dueMs(view) : deps.now();
  }
}

/** Ends a transaction that is to leave nothing, and carries the answer out of it. */
class Undone extends Error {
  override readonly name = "Undone";
  readonly reply: ObjectReply;

  constructor(reply: ObjectReply) {
    super("The transaction is to leave nothing.");
    this.reply = reply;
  }
}

const ENCODER = new TextEncoder();

function encodeMessage(event: FeatureEvent): Uint8Array {
  return ENCODER.encode(JSON.stringify(event));
}

function encode(value: unknown): string {
  return JSON.stringify(value ?? null);
}
