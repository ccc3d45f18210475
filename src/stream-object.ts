/**
 * StreamObject: the Durable Object of one path. It wires the layers together and decides nothing itself.
 *
 * An object is addressed by its path, holds the journal of the stream that is there, and is the only one that ever
 * writes it. It runs one piece of JavaScript at a time; the output gate holds every answer until what was written
 * before it is durable.
 */

import { DurableObject } from "cloudflare:workers";
import { indexFeatures, INSTALLED, type FeatureIndex } from "#features/installed.ts";
import { FeatureHost } from "#features/host.ts";
import type { CommandRequest, FeatureObject, ObjectReply, QueryRequest } from "#features/object.ts";
import { fromRefusal } from "#features/refusal.ts";
import { streamPath } from "#features/streams.ts";
import { onAlarm } from "#engine/alarm.ts";
import { acquireFork } from "#engine/fork.ts";
import type { ForkGrant, ForkPeers, ForkRequest } from "#engine/peers.ts";
import { pageBytesMost, readPage } from "#engine/read.ts";
import { holdsFork, releaseFork } from "#engine/remove.ts";
import { Stream } from "#engine/stream.ts";
import { handleAdmin } from "#http/admin-stream.ts";
import { handle, type Target } from "#http/handlers.ts";
import { respondRefusal } from "#http/respond.ts";
import { Uploads } from "#http/uploads.ts";
import { Room } from "#live/room.ts";
import { EventEncoder } from "#live/sse.ts";
import { Waiters } from "#live/waiters.ts";
import {
  ANSWER_STAY_MS,
  ANSWERS_BYTES_MAX,
  ROOM_WAIT_MS,
  SEGMENT_CACHE_BYTES_MAX,
} from "#protocol/limits.ts";
import { refuse, type Result } from "#protocol/refusal.ts";
import { StorageFault } from "#storage/contract.ts";
import { openAgeNotes } from "#storage/age-notes.ts";
import { openJournal } from "#storage/journal.ts";
import { openLog } from "#storage/log.ts";
import { SegmentCache } from "#storage/segment-cache.ts";
import { openSegments } from "#storage/segments.ts";
import { loadConfig } from "./config.ts";

const RETRY_AFTER_SECONDS = 1;

const INDEX = indexFeatures(INSTALLED);

/** The objects of an isolate share its memory: what they keep to be faster is bounded for all of them together. */
const SEGMENT_CACHE = new SegmentCache(SEGMENT_CACHE_BYTES_MAX);

export class StreamObject extends DurableObject<Env> implements FeatureObject {
  readonly #target: Target;
  /** Only where the path is a feature's. */
  #host: FeatureHost | undefined;

  /** The features of this deployment: tests serve others. */
  protected get features(): FeatureIndex {
    return INDEX;
  }

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const config = loadConfig(env);
    const waiters = new Waiters();
    const stream = new Stream({
      settings: config,
      journal: openJournal(ctx.storage),
      ages: openAgeNotes(ctx.storage),
      log: openLog(env.DB),
      segments: SEGMENT_CACHE.open(openSegments(env.SEGMENTS)),
      peers: openPeers(env.STREAMS),
      now: () => Date.now(),
      sync: () => ctx.storage.sync(),
      transaction: (run) => ctx.storage.transactionSync(run),
      newId: () => crypto.randomUUID(),
      delay: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      setAlarm: (atMs) => void ctx.storage.setAlarm(atMs),
      onChange: () => waiters.wake(),
      readers: () => waiters.size,
    });
    void ctx.blockConcurrencyWhile(async () => {
      const alarmMs = await ctx.storage.getAlarm();
      if (alarmMs !== null) stream.alarmWaits(alarmMs);
    });
    this.#target = {
      stream,
      uploads: new Uploads(() => Date.now()),
      source: {
        waiters,
        room: new Room({
          bytesMax: ANSWERS_BYTES_MAX,
          stayMs: ANSWER_STAY_MS,
          waitMs: ROOM_WAIT_MS,
          order: "newest",
          now: () => Date.now(),
        }),
        bytesAfter: (from) => pageBytesMost(stream, from),
        read: async (from, bounds) => {
          try {
            const page = await waiters.during(() => readPage(stream, from, bounds));
            // An event is written into an answer that has long begun, where no output gate holds it back.
            await ctx.storage.sync();
            return page;
          } catch (error) {
            return refuse(refusalOf(error));
          }
        },
        now: () => Date.now(),
      },
      encoder: new EventEncoder(),
      settings: config,
    };
    this.#openPresent();
  }

  override async fetch(request: Request): Promise<Response> {
    try {
      return await handle(request, this.#target);
    } catch (error) {
      return respondRefusal(refusalOf(error));
    }
  }

  /** A request of the operator, who has shown the token: an export or an import. */
  async administer(request: Request): Promise<Response> {
    try {
      const answer = await handleAdmin(request, this.#target.stream, this.#target.uploads);
      // An import may have brought a feature's stream, with a timer that is due.
      if (this.#host === undefined && this.#openPresent() !== undefined) {
        this.#target.stream.armAlarm();
      }
      return answer;
    } catch (error) {
      return respondRefusal(refusalOf(error));
    }
  }

  override async alarm(): Promise<void> {
    try {
      await this.#host?.onAlarm();
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      console.warn(`${error.message} The timer is asked again.`, error.cause);
    } finally {
      await onAlarm(this.#target.stream);
    }
  }

  /** A command of the path's feature: decided, appended and answered in one transaction. */
  runCommand(request: CommandRequest): Promise<ObjectReply> {
    return this.#asFeature(request.path, (host) => host.runCommand(request));
  }

  /** A question to the path's feature. Writes nothing. */
  runQuery(request: QueryRequest): Promise<ObjectReply> {
    return this.#asFeature(request.path, (host) => host.runQuery(request));
  }

  /** Makes the tables of the path's feature anew from the stream. */
  rebuild(path: string): Promise<ObjectReply> {
    return this.#asFeature(path, (host) => host.rebuild());
  }

  async #asFeature(
    path: string,
    run: (host: FeatureHost) => Promise<ObjectReply>,
  ): Promise<ObjectReply> {
    const host = this.#host ?? this.#openHost(path);
    if (host === undefined) throw new Error(`${path} is no feature's stream.`);
    try {
      return await run(host);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      console.error(error.message, error.cause);
      return { ok: false, refusal: fromRefusal(describeCommandFault(error)) };
    }
  }

  /** A feature's timer is part of what the alarm is set by, whatever woke the object. */
  #openPresent(): FeatureHost | undefined {
    const { slot } = this.#target.stream;
    return slot.kind === "present" ? this.#openHost(slot.record.path) : undefined;
  }

  #openHost(path: string): FeatureHost | undefined {
    const feature = this.features(path);
    if (feature === undefined) return undefined;
    const { stream } = this.#target;
    const { sql } = this.ctx.storage;
    this.#host = new FeatureHost({ feature, path: streamPath(path), stream, sql });
    return this.#host;
  }

  /** Called by the object of a fork that is being created. Adding the same fork twice is adding it once. */
  async acquireFork(request: ForkRequest): Promise<Result<ForkGrant>> {
    try {
      return await acquireFork(this.#target.stream, request);
    } catch (error) {
      // A class does not survive the way between objects; a refusal does. Nothing was granted.
      if (!(error instanceof StorageFault)) throw error;
      return refuse(describeFault(new StorageFault(error.message, "none", error.cause)));
    }
  }

  /** Called by the object of a fork that is gone, or never came to be. May be repeated. */
  async releaseFork(sourceId: string | undefined, forkId: string): Promise<void> {
    releaseFork(this.#target.stream, sourceId, forkId);
  }

  /** Called by the object of a soft-deleted source, to learn whether it is still needed. */
  async holdsFork(forkId: string): Promise<boolean> {
    return holdsFork(this.#target.stream, forkId);
  }
}

function openPeers(streams: Env["STREAMS"]): ForkPeers {
  return {
    acquire: (source, request) =>
      askPeer("none", async () => streams.getByName(source).acquireFork(request)),
    release: (source, sourceId, forkId) =>
      askPeer("unknown", async () => streams.getByName(source).releaseFork(sourceId, forkId)),
    holds: (fork, forkId) => askPeer("none", async () => streams.getByName(fork).holdsFork(forkId)),
  };
}

/** An edge that was granted without an answer is given back by the intent: for the client nothing has happened. */
async function askPeer<T>(effect: StorageFault["effect"], ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new StorageFault("The object of another stream did not answer.", effect, error);
  }
}

/** @throws what is no fault of a store: it is a bug */
function refusalOf(error: unknown) {
  if (!(error instanceof StorageFault)) throw error;
  console.error(error.message, error.cause);
  return describeFault(error);
}

/** A command has no producer headers to be repeated with: it has a key. */
function describeCommandFault(fault: StorageFault) {
  const refusal = describeFault(fault);
  if (refusal.code === "unavailable") return refusal;
  const message = `${fault.message} The command may have happened: send it again with the same Idempotency-Key.`;
  return { ...refusal, message };
}

function describeFault({ message, effect }: StorageFault) {
  return effect === "none"
    ? ({ code: "unavailable", message, retryAfterSeconds: RETRY_AFTER_SECONDS } as const)
    : ({
        code: "outcome_unknown",
        message: `${message} The write may have happened: retry it with producer headers, or read the tail first.`,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      } as const);
}
