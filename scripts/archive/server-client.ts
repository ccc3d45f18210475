/** The operator's side of a server: its catalogue, and the export and import of one stream. */

import { setTimeout as sleep } from "node:timers/promises";
import { decodeFrameList, encodeFrameList } from "../../src/protocol/frame-list.ts";
import type { Chunk } from "../../src/protocol/frames.ts";
import {
  formatManifest,
  parseManifest,
  parseProducers,
  type ProducerRow,
  type StreamManifest,
} from "../../src/protocol/manifest.ts";
import { CATALOGUE_PATH, EXPORT_ROOT, HEADER, IMPORT_ROOT } from "../../src/protocol/names.ts";
import { formatOffset, parsePosition, type Position } from "../../src/protocol/offset.ts";
import type { ProducerStamp } from "../../src/protocol/producer.ts";
import { ArchiveError } from "./archive-error.ts";

const ATTEMPTS = 5;
const RETRY_MS = 500;
const LIST_COUNT = 1_000;

export interface ServerOptions {
  readonly url: string;
  readonly token: string;
}

interface Answer {
  readonly status: number;
  readonly offset: Position | undefined;
  readonly body: Uint8Array;
  readonly text: () => string;
}

/** A server's refusal of one request. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: string;
  /** Where the server stands, if it says so. */
  readonly offset: Position | undefined;

  constructor(code: string, message: string, offset: Position | undefined) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

export interface ExportedStream {
  readonly manifest: StreamManifest;
  readonly producers: readonly ProducerStamp[];
}

/** The paths of all streams whose path has a prefix. */
export async function* listPaths(server: ServerOptions, prefix: string): AsyncGenerator<string> {
  for (let cursor: string | undefined = ""; cursor !== undefined;) {
    const query = new URLSearchParams({ prefix, limit: String(LIST_COUNT) });
    if (cursor !== "") query.set("cursor", cursor);
    const answer = await ask(server, "GET", `${CATALOGUE_PATH}?${query}`);
    const page = JSON.parse(answer.text()) as { streams: { path: string }[]; nextCursor?: string };
    for (const { path } of page.streams) yield path;
    cursor = page.nextCursor;
  }
}

/** What a stream is at this moment. */
export async function snapshot(server: ServerOptions, path: string): Promise<ExportedStream> {
  const answer = await ask(server, "GET", urlOf(EXPORT_ROOT, path));
  const body = JSON.parse(answer.text()) as { manifest: unknown; producers: unknown };
  const manifest = parseManifest(body.manifest);
  const producers = parseProducers(body.producers);
  if (manifest !== undefined && producers !== undefined) return { manifest, producers };
  throw new ArchiveError("The server's answer is not that of a Headwater that this program knows.");
}

/** The frames of a stream from a position on, at most up to the tail that its snapshot had. */
export async function fetchFrames(
  server: ServerOptions,
  path: string,
  { id, tail }: StreamManifest,
  from: Position,
): Promise<Chunk> {
  const query = new URLSearchParams({
    id,
    offset: formatOffset(from),
    until: formatOffset(tail),
  });
  const answer = await ask(server, "GET", `${urlOf(EXPORT_ROOT, path)}?${query}`);
  const chunk = decodeFrameList(from, answer.body);
  if (chunk !== undefined) return chunk;
  throw new ArchiveError("The server's answer holds no list of frames.");
}

/** @returns where the frames to send begin */
export async function beginImport(
  server: ServerOptions,
  path: string,
  manifest: StreamManifest,
): Promise<Position> {
  const body = JSON.stringify(formatManifest(manifest));
  return offsetOf(await ask(server, "PUT", urlOf(IMPORT_ROOT, path), body));
}

/** Sends frames. An answer that was lost is no harm: the server says where it stands. */
export async function sendFrames(server: ServerOptions, path: string, chunk: Chunk): Promise<void> {
  const end = formatOffset({
    seq: chunk.start.seq + chunk.ends.length,
    byte: chunk.start.byte + chunk.payload.length,
  });
  const url = `${urlOf(IMPORT_ROOT, path)}?offset=${formatOffset(chunk.start)}`;
  try {
    await ask(server, "POST", url, encodeFrameList(chunk));
  } catch (error) {
    const stands = error instanceof RefusedError ? error.offset : undefined;
    if (stands === undefined || formatOffset(stands) !== end) throw error;
  }
}

/** Makes a stream of what was sent. */
export async function finishImport(
  server: ServerOptions,
  path: string,
  producers: readonly ProducerRow[],
): Promise<void> {
  await ask(server, "POST", urlOf(IMPORT_ROOT, path), JSON.stringify(producers));
}

/**
 * Asks, and asks again where the server or the way to it fails: everything here may be repeated.
 *
 * @throws RefusedError when the server refuses
 * @throws ArchiveError when it cannot be reached, or does not take the token
 */
async function ask(
  { url, token }: ServerOptions,
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  const headers = { Authorization: `Bearer ${token}` };
  const init = { method, headers, ...(body === undefined ? {} : { body }) };
  let failure = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await sleep(RETRY_MS * 2 ** (attempt - 2));
    let answer: Answer;
    try {
      answer = await readAnswer(await fetch(new URL(path, url), init));
    } catch (error) {
      failure = `The server at ${url} cannot be reached: ${describe(error)}.`;
      continue;
    }
    if (answer.status < 300) return answer;
    const refusal = toRefusal(answer);
    if (answer.status < 500) throw refusal;
    failure = `The server at ${url} answers ${answer.status}: ${refusal.message}`;
  }
  throw new ArchiveError(failure);
}

async function readAnswer(answer: Response): Promise<Answer> {
  const body = new Uint8Array(await answer.arrayBuffer());
  return {
    status: answer.status,
    offset: parsePosition(answer.headers.get(HEADER.nextOffset) ?? ""),
    body,
    text: () => Buffer.from(body).toString(),
  };
}

function toRefusal({ status, offset, text }: Answer): Error {
  const [, code = "", message = ""] =
    /^\{"error":\{"code":"(\w+)","message":(".*")\}\}$/.exec(text()) ?? [];
  if (code === "") return new ArchiveError(`The server answers ${status}: ${text().slice(0, 200)}`);
  const sentence = JSON.parse(message) as string;
  if (code === "unauthorized" || code === "admin_disabled") return new ArchiveError(sentence);
  return new RefusedError(code, sentence, offset);
}

function offsetOf({ offset }: Answer): Position {
  if (offset === undefined) throw new ArchiveError("The server's answer names no offset.");
  return offset;
}

function urlOf(root: string, path: string): string {
  return root + path.split("/").map(encodeURIComponent).join("/");
}

/** `fetch` says only that it failed; its cause says why. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}
