/**
 * Brings the streams of a file into a server.
 *
 * The file is read twice: nothing is written before the whole of it has been found undamaged. Each stream appears on
 * the server when it is complete. An import that was interrupted can be repeated: what is there already is compared,
 * and what had been begun goes on where it stands.
 */

import { ArchiveError } from "./archive-error.ts";
import { readArchive, type ArchiveEvent } from "./read.ts";
import { RefusedError, type ServerOptions } from "./server-client.ts";
import { openImport, type StreamImport } from "./stream-import.ts";

export interface ImportOptions {
  readonly server: ServerOptions;
  readonly file: string;
  readonly report: (line: string) => void;
}

export interface Imported {
  readonly imported: number;
  /** Streams that were there already, the same in everything. */
  readonly identical: number;
  /** Streams whose time was over. */
  readonly expired: number;
  /** Streams that are another one on the server, or that the file does not have whole. */
  readonly failed: number;
}

/** @throws ArchiveError when the file is damaged, with nothing written, or the server cannot be reached */
export async function importStreams(options: ImportOptions): Promise<Imported> {
  const { file, report } = options;
  await checkFile(file, report);
  const counts = { imported: 0, identical: 0, expired: 0, failed: 0 };
  let current: StreamImport | undefined;
  for await (const event of readArchive(file)) {
    if (event.kind === "failed") {
      counts.failed += 1;
      current = undefined;
      report(`FAILED ${event.path}: the export does not have it whole: ${event.reason}`);
      continue;
    }
    try {
      current = await advance(current, event, options);
      if (event.kind === "end" && current !== undefined) {
        counts[current.outcome] += 1;
        report(`${LABELS[current.outcome]} ${current.path}`);
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      counts.failed += 1;
      report(`FAILED ${event.kind === "stream" ? event.path : current?.path}: ${error.message}`);
      // The rest of its records is passed over.
      current = undefined;
    }
  }
  return counts;
}

const LABELS = {
  imported: "imported",
  identical: "already there, the same:",
  expired: "left out, its time is over:",
} as const;

async function checkFile(file: string, report: (line: string) => void): Promise<void> {
  let streams = 0;
  for await (const { kind } of readArchive(file)) if (kind === "end") streams += 1;
  report(`The file is undamaged and holds ${streams} ${streams === 1 ? "stream" : "streams"}.`);
}

async function advance(
  current: StreamImport | undefined,
  event: Exclude<ArchiveEvent, { kind: "failed" }>,
  { server }: ImportOptions,
): Promise<StreamImport | undefined> {
  switch (event.kind) {
    case "stream":
      return openImport(server, event.path, event.manifest);
    case "producers":
      current?.addProducers(event.producers);
      return current;
    case "frames":
      await current?.addFrames(event);
      return current;
    case "end":
      await current?.finish();
      return current;
    default:
      throw new ArchiveError("The file holds something that this program does not know.");
  }
}
