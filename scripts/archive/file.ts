/** Export files on disk: lines in, lines out, a piece at a time. Names that end in .gz are compressed. */

import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { once } from "node:events";
import { pipeline } from "node:stream";
import { finished } from "node:stream/promises";
import type { Readable, Writable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { ArchiveError } from "./archive-error.ts";

// Longer than any line that is written: a damaged file cannot fill the memory.
const LINE_BYTES_MAX = 33_554_432;
const LINE_FEED = 0x0a;

/** A file that has its name only once it is whole. */
export class ArchiveWriter {
  readonly #file: string;
  readonly #target: Writable;
  readonly #written: Promise<void>;

  constructor(file: string) {
    this.#file = file;
    const disk = createWriteStream(partOf(file));
    this.#written = finished(disk);
    // Whoever waits for it hears of a failure: until then it is not unhandled.
    this.#written.catch(() => undefined);
    this.#target = disk;
    if (file.endsWith(".gz")) {
      const gzip = createGzip();
      // A failure of either destroys both; `written` tells which it was.
      pipeline(gzip, disk, () => undefined);
      this.#target = gzip;
    }
  }

  /** Returns when there is room for more. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#target.write(bytes)) return;
    await Promise.race([once(this.#target, "drain"), this.#written]).catch(this.#explain);
  }

  async finish(): Promise<void> {
    this.#target.end();
    await this.#written.catch(this.#explain);
    await rename(partOf(this.#file), this.#file);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#target.destroy();
    await this.#written.catch(() => undefined);
    await rm(partOf(this.#file), { force: true });
  }

  readonly #explain = (error: unknown): never => {
    throw new ArchiveError(`The file cannot be written: ${describe(error)}.`, { cause: error });
  };
}

/**
 * The lines of a file, without their line feeds.
 *
 * @throws ArchiveError when it cannot be read, is no gzip file although its name says so, or does not end with a line
 */
export async function* readLines(file: string): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const piece of readPieces(file)) {
    let from = 0;
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...parts, piece.subarray(from, end)]);
      parts = [];
      length = 0;
      from = end + 1;
    }
    const rest = piece.subarray(from);
    length += rest.length;
    if (length > LINE_BYTES_MAX) throw new ArchiveError("A line is too long: this is no export.");
    if (rest.length > 0) parts.push(rest);
  }
  if (length > 0) throw new ArchiveError("The file is cut off in the middle of a line.");
}

async function* readPieces(file: string): AsyncGenerator<Buffer> {
  const disk = createReadStream(file);
  const source: Readable = file.endsWith(".gz")
    ? pipeline(disk, createGunzip(), () => undefined)
    : disk;
  try {
    for await (const piece of source) yield piece as Buffer;
  } catch (error) {
    throw new ArchiveError(`The file cannot be read: ${describe(error)}.`, { cause: error });
  } finally {
    disk.destroy();
  }
}

function partOf(file: string): string {
  return `${file}.part`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
