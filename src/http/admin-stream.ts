/** Export and import of one stream over HTTP. Runs in the stream's object, for requests that have the token. */

import { exportFrames, takeSnapshot } from "#engine/export.ts";
import { beginImport, finishImport, importFrames } from "#engine/import.ts";
import type { Stream } from "#engine/stream.ts";
import { decodeFrameList, encodeFrameList } from "#protocol/frame-list.ts";
import { chunkEnd } from "#protocol/frames.ts";
import {
  formatManifest,
  formatProducer,
  parseManifest,
  parseProducers,
} from "#protocol/manifest.ts";
import { EXPORT_ROOT, IMPORT_ROOT, STREAM_ROOT } from "#protocol/names.ts";
import { parsePosition, type Position } from "#protocol/offset.ts";
import { isReserved, parseStreamPath, type StreamPath } from "#protocol/path.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import { decodeStrict } from "#protocol/utf8.ts";
import { dropBody, withBody } from "./body.ts";
import { respondFrames, respondJson, respondPosition, respondRefusal } from "./respond.ts";
import { pathnameOf, queryOf } from "./target.ts";
import type { Uploads } from "./uploads.ts";

export interface AdminTarget {
  readonly action: "export" | "import";
  readonly path: StreamPath;
}

/** What the URL of an export or import names; undefined when it names none. */
export function parseAdminTarget(url: string): AdminTarget | undefined {
  const pathname = pathnameOf(url);
  const root = [EXPORT_ROOT, IMPORT_ROOT].find((r) => pathname.startsWith(r));
  if (root === undefined) return undefined;
  const path = parseStreamPath(STREAM_ROOT + pathname.slice(root.length));
  if (path === undefined || isReserved(path)) return undefined;
  return { action: root === EXPORT_ROOT ? "export" : "import", path };
}

/** Answers one request of the operator for the stream of this object. */
export async function handleAdmin(
  request: Request,
  stream: Stream,
  uploads: Uploads,
): Promise<Response> {
  const target = parseAdminTarget(request.url);
  const params = new URLSearchParams(queryOf(request.url));
  if (target?.action === "export" && request.method === "GET") return handleExport(stream, params);
  if (target?.action === "import" && request.method === "PUT") {
    return withBody(request, uploads, (body) => handleBegin(body, stream));
  }
  if (target?.action === "import" && request.method === "POST") {
    return withBody(request, uploads, (body) =>
      params.has("offset")
        ? handleFrames(body, stream, params)
        : handleFinish(body, stream, target.path),
    );
  }
  await dropBody(request);
  const allow = target?.action === "import" ? "PUT, POST, OPTIONS" : "GET, OPTIONS";
  return respondRefusal({ code: "method_not_allowed", message: `Use one of ${allow}.`, allow });
}

async function handleExport(stream: Stream, params: URLSearchParams): Promise<Response> {
  if (!params.has("offset")) {
    const snapshot = takeSnapshot(stream);
    if (!snapshot.ok) return respondRefusal(snapshot.refusal);
    const { manifest, producers } = snapshot.value;
    return respondJson({
      manifest: formatManifest(manifest),
      producers: producers.map(formatProducer),
    });
  }
  const [from, until] = [parseOffset(params, "offset"), parseOffset(params, "until")];
  if (from === undefined || until === undefined) {
    return respondRefusal({
      code: "invalid_offset",
      message:
        "offset and until must be offsets of the stream, from and to which frames are wanted.",
    });
  }
  const run = await exportFrames(stream, params.get("id") ?? "", from, until);
  if (!run.ok) return respondRefusal(run.refusal);
  return respondFrames(encodeFrameList(run.value), chunkEnd(run.value));
}

async function handleBegin(body: Uint8Array, stream: Stream): Promise<Response> {
  const json = parseJson(body);
  if (!json.ok) return respondRefusal(json.refusal);
  const manifest = parseManifest(json.value);
  if (manifest === undefined) return respondRefusal(INVALID_MANIFEST);
  return respondImport(beginImport(stream, manifest));
}

async function handleFrames(
  body: Uint8Array,
  stream: Stream,
  params: URLSearchParams,
): Promise<Response> {
  const start = parseOffset(params, "offset");
  const chunk = start === undefined ? undefined : decodeFrameList(start, body);
  if (chunk === undefined) return respondRefusal(INVALID_FRAMES);
  return respondImport(await importFrames(stream, chunk));
}

async function handleFinish(body: Uint8Array, stream: Stream, path: StreamPath): Promise<Response> {
  const json = parseJson(body);
  if (!json.ok) return respondRefusal(json.refusal);
  const producers = parseProducers(json.value);
  if (producers === undefined) return respondRefusal(INVALID_PRODUCERS);
  return respondImport(finishImport(stream, path, producers));
}

function respondImport(outcome: Result<Position>): Response {
  return outcome.ok ? respondPosition(outcome.value) : respondRefusal(outcome.refusal);
}

function parseOffset(params: URLSearchParams, name: string): Position | undefined {
  const [token, ...others] = params.getAll(name);
  return token === undefined || others.length > 0 ? undefined : parsePosition(token);
}

function parseJson(body: Uint8Array): Result<unknown> {
  try {
    return accept(JSON.parse(decodeStrict(body) ?? "") as unknown);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse({ code: "invalid_json", message: "The body must be JSON in UTF-8." });
  }
}

const INVALID_MANIFEST: Refusal = {
  code: "invalid_import",
  message: "The body must be the manifest that an export gave.",
};

const INVALID_FRAMES: Refusal = {
  code: "invalid_import",
  message: "The body must be a list of frames, and offset where they begin.",
};

const INVALID_PRODUCERS: Refusal = {
  code: "invalid_import",
  message: "The body must be a list of producers: [[id, epoch, seq], …].",
};
