/** Runs steps against the server and the oracle, and compares every answer. */

import { expect } from "vitest";
import { StorageFault } from "#storage/contract.ts";
import { PATHS, type PathName, type Payload, type Spot, type Step } from "./commands.ts";
import type { Kind } from "./content.ts";
import {
  ask,
  compact,
  flush,
  nextOffset,
  restart,
  settle,
  trimmedRows,
  type Answer,
} from "./harness.ts";
import { missing, TYPES, type Expected, type Model, type Oracle } from "./oracle.ts";
import { makeBody } from "./payload.ts";
import { resolveProducer, resolveSeq } from "./relative.ts";

const START: Spot = { kind: "start", index: 0 };
const NOTHING = new Uint8Array();

export class Checker {
  readonly #prefix: string;
  readonly #oracle: Oracle;
  /** The tokens of earlier incarnations of every path, by path. */
  readonly #stale = new Map<string, string[]>();
  /** What an entity tag stood for: it must never stand for anything else. */
  readonly #tagged = new Map<string, string>();

  /** Flushes and compactions that may be under way. */
  readonly #moving: Promise<void>[] = [];

  constructor(prefix: string, oracle: Oracle) {
    this.#prefix = prefix;
    this.#oracle = oracle;
  }

  async run(steps: readonly Step[]): Promise<void> {
    try {
      for (const step of steps) await this.#step(step);
    } finally {
      await Promise.all(this.#moving);
    }
    for (const path of PATHS) await this.#read(path, START);
    // Neither an intent to fork nor a release is left over.
    expect(await settle(PATHS.map((path) => this.#path(path)))).toBe(0);
    for (const path of PATHS) expect(await trimmedRows(this.#path(path)), path).toBe(0);
  }

  async #step(step: Step): Promise<void> {
    switch (step.op) {
      case "create":
        return this.#create(step);
      case "append":
        return this.#append(step);
      case "fork":
        return this.#fork(step);
      case "read":
        return this.#read(step.path, step.from);
      case "trim":
        return this.#trim(step.path, step.before);
      case "head":
        return this.#head(step.path);
      case "delete":
        return this.#delete(step.path);
      case "flush":
        return this.#move(flush(this.#path(step.path)), step.wait);
      case "compact":
        return this.#move(compact(this.#path(step.path)), step.wait);
      case "restart":
        return restart(this.#path(step.path));
    }
  }

  async #move(moving: Promise<void>, wait: boolean): Promise<void> {
    // A compaction may find its stream erased: the server then tries again later, and so finds nothing to do.
    const done = moving.catch((error: unknown) => {
      if (!(error instanceof StorageFault)) throw error;
    });
    this.#moving.push(done);
    if (wait) await done;
  }

  #path(path: string): string {
    return `${this.#prefix}/${path}`;
  }

  #stream(path: string): Model | undefined {
    return this.#oracle.streams.get(this.#path(path));
  }

  async #create({ path, kind, payload, closed }: Extract<Step, { op: "create" }>): Promise<void> {
    const { body, frames } = bodyOf(payload, kind);
    const expected = this.#oracle.create(this.#path(path), { kind, closed, frames });
    const headers = { "Content-Type": TYPES[kind], ...(closed ? { "Stream-Closed": "true" } : {}) };
    const answer = await ask(this.#path(path), { method: "PUT", headers, ...sendable(body) });
    this.#compare(answer, expected, path);
    if (expected.status === 201) this.#checkPastEarlier(path, nextOffset(answer));
  }

  async #append(step: Extract<Step, { op: "append" }>): Promise<void> {
    // Read before and after: an answer of an open stream must not share its ETag with that of a closed one.
    if (step.close) await this.#read(step.path, START);
    const stream = this.#stream(step.path);
    const { body, frames } = bodyOf(step.payload, stream?.kind ?? "text");
    const producer = resolveProducer(stream, step.producer);
    const writerSeq = resolveSeq(stream, step.seq);
    const expected = this.#oracle.append(this.#path(step.path), {
      emptyBody: body.length === 0,
      wrongType: step.wrongType,
      frames,
      close: step.close,
      producer,
      writerSeq,
    });
    const headers: Record<string, string> = {
      "Content-Type": step.wrongType ? "application/x-other" : TYPES[stream?.kind ?? "text"],
    };
    if (step.close) headers["Stream-Closed"] = "true";
    if (writerSeq !== undefined) headers["Stream-Seq"] = writerSeq;
    if (producer !== undefined) {
      headers["Producer-Id"] = producer.id;
      headers["Producer-Epoch"] = String(producer.epoch);
      headers["Producer-Seq"] = String(producer.seq);
    }
    const init = { method: "POST", headers, ...sendable(body) };
    this.#compare(await ask(this.#path(step.path), init), expected, step.path);
    if (step.close) await this.#read(step.path, START);
  }

  async #fork(step: Extract<Step, { op: "fork" }>): Promise<void> {
    const source = this.#stream(step.source);
    const anchor = this.#resolve(step.source, step.at);
    const { body, frames } = bodyOf(step.payload, source?.kind ?? "text");
    const expected = this.#oracle.fork(this.#path(step.path), {
      sourcePath: this.#path(step.source),
      anchor: anchor?.position,
      sub: step.sub,
      kind: step.kind,
      closed: step.closed,
      frames,
    });
    const headers: Record<string, string> = {
      "Stream-Forked-From": `/v1/stream/${this.#path(step.source)}`,
      "Stream-Fork-Sub-Offset": String(step.sub),
    };
    if (anchor !== undefined) headers["Stream-Fork-Offset"] = anchor.token;
    if (step.kind !== undefined) headers["Content-Type"] = TYPES[step.kind];
    if (step.closed) headers["Stream-Closed"] = "true";
    const init = { method: "PUT", headers, ...sendable(body) };
    this.#compare(await ask(this.#path(step.path), init), expected, step.path);
  }

  async #head(path: PathName): Promise<void> {
    const answer = await ask(this.#path(path), { method: "HEAD" });
    expect(answer.body.length).toBe(0);
    this.#compare(answer, this.#oracle.head(this.#path(path)), path);
  }

  async #trim(path: PathName, spot: Spot): Promise<void> {
    const stream = this.#stream(path);
    const at =
      spot.kind === "now"
        ? { token: "now", position: stream?.content.length ?? 0 }
        : (this.#resolve(path, spot) ?? { token: "-1", position: "start" as const });
    const expected = this.#oracle.trim(this.#path(path), at.position);
    const answer = await ask(this.#path(path), { method: "DELETE" }, `?before=${at.token}`);
    this.#compare(answer, expected, path);
  }

  async #delete(path: PathName): Promise<void> {
    const before = new Map(PATHS.map((p) => [p, this.#stream(p)]));
    const expected = this.#oracle.delete(this.#path(path));
    this.#compare(await ask(this.#path(path), { method: "DELETE" }), expected, path);
    // A fork gives its source back in the background; the oracle does so at once.
    await settle(PATHS.map((p) => this.#path(p)));
    for (const [p, stream] of before) {
      if (stream === undefined || this.#stream(p) !== undefined) continue;
      this.#stale.set(p, [...(this.#stale.get(p) ?? []), ...stream.tokens.values()]);
    }
  }

  async #read(path: PathName, spot: Spot): Promise<void> {
    const stream = this.#stream(path);
    const at = this.#resolve(path, spot);
    const token = at?.token ?? (spot.kind === "now" ? "now" : "-1");
    if (stream === undefined || stream.gone) {
      const answer = await ask(this.#path(path), {}, `?offset=${token}`);
      this.#compare(answer, missing(stream), path);
    } else if (at?.position === "invalid") {
      const answer = await ask(this.#path(path), {}, `?offset=${token}`);
      expect(answer.status, `${path} at the stale ${token}`).toBe(410);
    } else if (spot.kind === "now") {
      await this.#readPage(stream, path, "now", stream.content.length);
    } else if (typeof at?.position === "number" && at.position < stream.base) {
      const answer = await ask(this.#path(path), {}, `?offset=${token}`);
      this.#compare(answer, { status: 410, earliest: stream }, path);
    } else {
      const position = typeof at?.position === "number" ? at.position : stream.base;
      await this.#follow(stream, path, token, position);
    }
  }

  /** Reads on until the tail. */
  async #follow(stream: Model, path: PathName, token: string, position: number): Promise<void> {
    let page = { token, position };
    do {
      const next = await this.#readPage(stream, path, page.token, page.position);
      expect(next.position > page.position || next.position === stream.content.length).toBe(true);
      page = next;
    } while (page.position < stream.content.length);
  }

  async #readPage(stream: Model, path: PathName, token: string, from: number) {
    const answer = await ask(this.#path(path), {}, `?offset=${token}`);
    const { body } = answer;
    const position = stream.content.endOf(from, body);
    expect(position, `${path} from ${token}: status ${answer.status}, other bytes`).toBeDefined();
    if (position === undefined) throw new Error("unreachable");
    const atTail = position === stream.content.length;
    const expected = {
      status: 200,
      headers: {
        "Content-Type": TYPES[stream.kind],
        "Stream-Up-To-Date": atTail ? "true" : null,
        "Stream-Closed": atTail && stream.closed ? "true" : null,
      },
      next: { stream, position },
    };
    this.#compare(answer, expected, path);
    const tag = answer.headers.get("ETag");
    if (tag !== null) {
      const stands = `${path} ${stream.closed && atTail} ${body.toHex().slice(0, 200)}`;
      expect(this.#tagged.get(tag) ?? stands, "an ETag for two answers").toBe(stands);
      this.#tagged.set(tag, stands);
    }
    return { token: nextOffset(answer), position };
  }

  /** The token that a spot stands for, and its position; undefined where the request is to name none. */
  #resolve(path: PathName, { kind, index }: Spot) {
    const stream = this.#stream(path);
    if (kind === "stale") {
      // Forks share their source's tokens.
      const stale = stream?.origin === undefined ? (this.#stale.get(path) ?? []) : [];
      const token = stale[index % stale.length];
      return token === undefined ? undefined : { token, position: "invalid" as const };
    }
    const known = kind === "seen" ? [...(stream?.tokens ?? [])] : [];
    const found = known[index % known.length];
    if (found === undefined) return undefined;
    const [position, token] = found;
    return { token, position };
  }

  #compare(answer: Answer, { status, headers = {}, next, earliest }: Expected, path: string): void {
    expect(answer.status, path).toBe(status);
    for (const [name, value] of Object.entries(headers)) {
      expect(answer.headers.get(name), `${name} of ${path}`).toBe(value);
    }
    if (next !== undefined) learn(next.stream, next.position, nextOffset(answer));
    if (earliest !== undefined) {
      learn(earliest, earliest.base, answer.headers.get("Stream-Earliest-Offset") ?? "");
    }
  }

  /** A stream created anew starts past every offset that the path has had. */
  #checkPastEarlier(path: string, token: string): void {
    for (const stale of this.#stale.get(path) ?? []) expect(token > stale).toBe(true);
  }
}

function bodyOf(payload: Payload | undefined, kind: Kind) {
  return payload === undefined ? { body: NOTHING, frames: [] } : makeBody(payload, kind);
}

function sendable(body: Uint8Array): RequestInit {
  return body.length === 0 ? {} : { body: body as Uint8Array<ArrayBuffer> };
}

/** One position, one token; and tokens sort as positions do. */
function learn({ tokens }: Model, position: number, token: string): void {
  expect(tokens.get(position) ?? token, `the token of position ${position}`).toBe(token);
  tokens.set(position, token);
  for (const [other, known] of tokens) {
    if (other !== position) expect(other < position).toBe(known < token);
  }
}
