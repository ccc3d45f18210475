/** One stream on its way into a server: sent, compared with what is there, or left out. */

import type { Chunk } from "../../src/protocol/frames.ts";
import {
  formatManifest,
  formatProducer,
  type StreamManifest,
} from "../../src/protocol/manifest.ts";
import { formatOffset, type Position } from "../../src/protocol/offset.ts";
import type { ProducerStamp } from "../../src/protocol/producer.ts";
import { ArchiveError } from "./archive-error.ts";
import {
  beginImport,
  fetchFrames,
  finishImport,
  RefusedError,
  sendFrames,
  snapshot,
  type ServerOptions,
} from "./server-client.ts";

// As much as a segment holds, so that it goes to R2 as it comes.
const PORTION_BYTES = 8_388_608;
// A server takes 16 MiB in one request; a frame's length costs four bytes of it.
const REQUEST_BYTES_MAX = 15_728_640;
const LENGTH_BYTES = 4;

function requestBytes(frames: number, payloadBytes: number): number {
  return (frames + 1) * LENGTH_BYTES + payloadBytes;
}

export interface Frames {
  readonly start: Position;
  readonly lengths: readonly number[];
  readonly payload: Uint8Array;
}

export interface StreamImport {
  readonly path: string;
  readonly outcome: "imported" | "identical" | "expired";
  addProducers(producers: readonly ProducerStamp[]): void;
  addFrames(frames: Frames): Promise<void>;
  finish(): Promise<void>;
}

/** @throws RefusedError when another stream is at the path */
export async function openImport(
  server: ServerOptions,
  path: string,
  manifest: StreamManifest,
): Promise<StreamImport> {
  try {
    const at = await beginImport(server, path, manifest);
    return new Sending(server, path, manifest, at);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (error.code === "import_expired") return new LeavingOut(path);
    if (error.code !== "stream_exists") throw error;
    return new Comparing(server, path, manifest);
  }
}

class Sending implements StreamImport {
  readonly path: string;
  readonly outcome = "imported";
  readonly #server: ServerOptions;
  readonly #manifest: StreamManifest;
  readonly #producers: ProducerStamp[] = [];
  #at: Position;
  #lengths: number[] = [];
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(server: ServerOptions, path: string, manifest: StreamManifest, at: Position) {
    this.#server = server;
    this.path = path;
    this.#manifest = manifest;
    this.#at = at;
  }

  addProducers(producers: readonly ProducerStamp[]): void {
    this.#producers.push(...producers);
  }

  async addFrames(frames: Frames): Promise<void> {
    const { lengths, payload } = this.#unsent(frames);
    if (lengths.length === 0) return;
    const together = requestBytes(
      this.#lengths.length + lengths.length,
      this.#bytes + payload.length,
    );
    if (together > REQUEST_BYTES_MAX) await this.#send();
    for (const length of lengths) this.#lengths.push(length);
    this.#parts.push(payload);
    this.#bytes += payload.length;
    if (this.#bytes >= PORTION_BYTES) await this.#send();
  }

  async finish(): Promise<void> {
    await this.#send();
    try {
      await finishImport(this.#server, this.path, this.#producers.map(formatProducer));
    } catch (error) {
      // The answer of an earlier attempt may have been lost: then the stream is there.
      if (!(error instanceof RefusedError) || !(await this.#isThere())) throw error;
    }
  }

  async #isThere(): Promise<boolean> {
    const there = new Comparing(this.#server, this.path, this.#manifest);
    there.addProducers(this.#producers);
    try {
      await there.compareDescription();
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return false;
    }
  }

  /** What the server does not have yet: an import that was interrupted goes on. */
  #unsent({ start, lengths, payload }: Frames): Omit<Frames, "start"> {
    const pending = this.#at.byte + this.#bytes;
    let byte = start.byte;
    let first = 0;
    while (first < lengths.length && byte < pending) byte += lengths[first++] ?? 0;
    if (first < lengths.length && byte !== pending) {
      throw new ArchiveError(`${this.path}: the server stands inside a message of the file.`);
    }
    return { lengths: lengths.slice(first), payload: payload.subarray(byte - start.byte) };
  }

  async #send(): Promise<void> {
    if (this.#lengths.length === 0) return;
    let end = 0;
    const ends = this.#lengths.map((length) => (end += length));
    const chunk: Chunk = { start: this.#at, ends, payload: Buffer.concat(this.#parts) };
    await sendFrames(this.#server, this.path, chunk);
    this.#at = { seq: this.#at.seq + ends.length, byte: this.#at.byte + end };
    this.#lengths = [];
    this.#parts = [];
    this.#bytes = 0;
  }
}

class Comparing implements StreamImport {
  readonly path: string;
  readonly outcome = "identical";
  readonly #server: ServerOptions;
  readonly #manifest: StreamManifest;
  readonly #producers: ProducerStamp[] = [];
  /** What is on the server, once it is known to be described alike. */
  #there: StreamManifest | undefined;
  #frames: Chunk | undefined;
  #next = 0;

  constructor(server: ServerOptions, path: string, manifest: StreamManifest) {
    this.#server = server;
    this.path = path;
    this.#manifest = manifest;
  }

  addProducers(producers: readonly ProducerStamp[]): void {
    this.#producers.push(...producers);
  }

  async addFrames({ start, lengths, payload }: Frames): Promise<void> {
    const there = await this.compareDescription();
    let position = start;
    let from = 0;
    for (const length of lengths) {
      const frame = await this.#frameAt(there, position);
      const isSame = Buffer.compare(frame, payload.subarray(from, from + length)) === 0;
      if (!isSame) throw differs(`its message at ${formatOffset(position)}`);
      from += length;
      position = { seq: position.seq + 1, byte: position.byte + length };
    }
  }

  async finish(): Promise<void> {
    await this.compareDescription();
  }

  /** @throws RefusedError unless what is on the server is described in the same way */
  async compareDescription(): Promise<StreamManifest> {
    if (this.#there !== undefined) return this.#there;
    const { manifest, producers } = await snapshot(this.#server, this.path);
    const [mine, theirs] = [describe(this.#manifest), describe(manifest)];
    for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
      if (JSON.stringify(mine[name]) !== JSON.stringify(theirs[name])) throw differs(name);
    }
    const [own, others] = [this.#producers, producers].map((list) =>
      JSON.stringify(list.map(formatProducer)),
    );
    if (own !== others) throw differs("its producers");
    this.#there = manifest;
    return manifest;
  }

  async #frameAt(there: StreamManifest, position: Position): Promise<Uint8Array> {
    let { ends, payload } = this.#frames ?? { ends: [], payload: new Uint8Array() };
    if (this.#next >= ends.length) {
      this.#frames = await fetchFrames(this.#server, this.path, there, position);
      ({ ends, payload } = this.#frames);
      this.#next = 0;
    }
    const frame = payload.subarray(ends[this.#next - 1] ?? 0, ends[this.#next]);
    this.#next += 1;
    return frame;
  }
}

class LeavingOut implements StreamImport {
  readonly path: string;
  readonly outcome = "expired";

  constructor(path: string) {
    this.path = path;
  }

  addProducers(): void {}

  async addFrames(): Promise<void> {}

  async finish(): Promise<void> {}
}

/** What must be the same. The id never is, and the floor depends on what was at the path before. */
function describe(manifest: StreamManifest): Record<string, unknown> {
  return { ...formatManifest(manifest), id: undefined, floor: undefined };
}

function differs(what: string): RefusedError {
  const message = `the stream that is at this path on the server is another one, or has gone on since the export: it differs in ${what}.`;
  return new RefusedError("stream_exists", message, undefined);
}
