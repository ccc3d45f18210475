/** Writes streams of a server into a file, one after the other, in pieces: their size does not matter. */

import { createHash } from "node:crypto";
import { formatManifest, formatProducer } from "../../src/protocol/manifest.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { ArchiveError } from "./archive-error.ts";
import { ArchiveWriter } from "./file.ts";
import { encodeLine, FORMAT, VERSION, type ArchiveRecord } from "./records.ts";
import {
  fetchFrames,
  listPaths,
  RefusedError,
  snapshot,
  type ExportedStream,
  type ServerOptions,
} from "./server-client.ts";

const PRODUCERS_PER_RECORD = 1_000;

/** One stream by its path, or all whose path has a prefix. */
export type Selection =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "prefix"; readonly prefix: string };

export interface ExportOptions {
  readonly server: ServerOptions;
  readonly selection: Selection;
  readonly file: string;
  readonly report: (line: string) => void;
}

export interface Exported {
  readonly streams: number;
  /** Streams of which the file says that they could not be exported. */
  readonly failed: number;
}

/**
 * Exports. The file has its name only once it is complete.
 *
 * @throws ArchiveError when a stream that was named cannot be exported, or nothing at all can
 */
export async function exportStreams(options: ExportOptions): Promise<Exported> {
  const { server, selection, file } = options;
  const output = new Output(file);
  try {
    await output.write({
      kind: "header",
      format: FORMAT,
      version: VERSION,
      exportedAt: new Date().toISOString(),
      server: server.url,
    });
    const counts = { exported: 0, failed: 0, gone: 0 };
    const paths =
      selection.kind === "path" ? [selection.path] : listPaths(server, selection.prefix);
    for await (const path of paths) {
      counts[await exportStream(output, path, options)] += 1;
    }
    if (counts.exported === 0 && selection.kind === "prefix" && selection.prefix !== "") {
      throw new ArchiveError(`The server lists no stream that begins with ${selection.prefix}.`);
    }
    await output.finish(counts.exported);
    return { streams: counts.exported, failed: counts.failed };
  } catch (error) {
    await output.discard();
    throw error;
  }
}

/** Exports one stream. One that was deleted since it was listed is left out. */
async function exportStream(
  output: Output,
  path: string,
  { server, selection, report }: ExportOptions,
): Promise<"exported" | "failed" | "gone"> {
  let hasBegun = false;
  try {
    const found = await snapshot(server, path);
    hasBegun = true;
    await writeStream(output, path, found, server, report);
    return "exported";
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const reason = `${path}: ${error.message}`;
    if (selection.kind === "path") throw new ArchiveError(reason, { cause: error });
    const isGone = error.code === "stream_not_found" || error.code === "stream_deleted";
    if (!hasBegun && isGone) return "gone";
    await output.write({ kind: "failed", path, reason: error.message });
    report(`FAILED ${reason}`);
    return "failed";
  }
}

async function writeStream(
  output: Output,
  path: string,
  { manifest, producers }: ExportedStream,
  server: ServerOptions,
  report: (line: string) => void,
): Promise<void> {
  await output.write({ kind: "stream", path, manifest: formatManifest(manifest) });
  for (let i = 0; i < producers.length; i += PRODUCERS_PER_RECORD) {
    const some = producers.slice(i, i + PRODUCERS_PER_RECORD);
    await output.write({ kind: "producers", producers: some.map(formatProducer) });
  }
  const hash = createHash("sha256");
  const { base, tail } = manifest;
  let at = base;
  while (at.byte < tail.byte) {
    const { ends, payload } = await fetchFrames(server, path, manifest, at);
    hash.update(payload);
    await output.write({
      kind: "frames",
      offset: formatOffset(at),
      lengths: ends.map((end, i) => end - (ends[i - 1] ?? 0)),
      data: Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("base64"),
    });
    at = { seq: at.seq + ends.length, byte: at.byte + payload.length };
  }
  const [frames, bytes] = [tail.seq - base.seq, tail.byte - base.byte];
  await output.write({ kind: "end", frames, bytes, sha256: hash.digest("hex") });
  report(`exported ${path}: ${frames} messages, ${bytes} bytes, ${producers.length} producers`);
}

/** The file, with the hash over all of it. */
class Output {
  readonly #writer: ArchiveWriter;
  readonly #hash = createHash("sha256");

  constructor(file: string) {
    this.#writer = new ArchiveWriter(file);
  }

  async write(record: ArchiveRecord): Promise<void> {
    const line = encodeLine(record);
    this.#hash.update(line);
    await this.#writer.write(line);
  }

  async finish(streams: number): Promise<void> {
    const sha256 = this.#hash.digest("hex");
    await this.#writer.write(encodeLine({ kind: "trailer", streams, sha256 }));
    await this.#writer.finish();
  }

  discard(): Promise<void> {
    return this.#writer.discard();
  }
}
