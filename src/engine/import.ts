/**
 * Import: a stream comes back with the offsets, producers and closure that it had.
 *
 * The frames go straight to D1 and R2, under the id of a stream that nobody sees yet; a task says how far they are.
 * The last step makes the stream of them, in one transaction. An import that nobody goes on with is erased when its
 * task is due; one that is repeated goes on where it stands.
 */

import { streamKind } from "#protocol/content-type.ts";
import { storedDeadlineMs } from "#protocol/expiry.ts";
import { chunkEnd, packChunks, type Chunk } from "#protocol/frames.ts";
import { BLOCK_BYTES_MAX } from "#protocol/limits.ts";
import { formatManifest, parseManifest, type StreamManifest } from "#protocol/manifest.ts";
import { comparePositions, type Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { ProducerStamp } from "#protocol/producer.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import { decodeStrict } from "#protocol/utf8.ts";
import type { StreamRecord, Task } from "#storage/contract.ts";
import { expire } from "./remove.ts";
import type { Stream } from "./stream.ts";

const IDLE_MS_MAX = 86_400_000;

type ImportTask = Extract<Task, { kind: "import" }>;

interface Staged {
  readonly taskId: number;
  readonly task: ImportTask;
}

/**
 * Begins an import, or finds the one of the same export that is under way.
 *
 * @returns the position that the next frames begin at
 */
export function beginImport(stream: Stream, manifest: StreamManifest): Result<Position> {
  const { journal, now, newId } = stream.deps;
  const refusal = refuseTaken(stream);
  if (refusal !== undefined) return refusal;
  const { lifetime, base } = manifest;
  if (lifetime.kind === "until" && lifetime.atMs <= now()) {
    return refuse({
      code: "import_expired",
      message: `The stream's time was over at ${lifetime.text}: there is nothing to import.`,
    });
  }
  const text = JSON.stringify(formatManifest(manifest));
  const staged = findStaged(stream);
  if (staged?.task.manifest === text) return accept(staged.task.at);
  if (staged !== undefined) {
    journal.replaceTask(staged.taskId, { kind: "erase", streamId: staged.task.streamId }, now());
  }
  const task: Task = {
    kind: "import",
    streamId: newId(),
    manifest: text,
    at: base,
    compacted: base,
  };
  journal.addTask(task, now() + IDLE_MS_MAX);
  followTasks(stream);
  return accept(base);
}

/**
 * Takes the next frames of the import that is under way.
 *
 * @returns the position that the ones after them begin at, once D1 or R2 has them
 * @throws StorageFault when D1 or R2 does not answer; the same frames may be sent again
 */
export async function importFrames(stream: Stream, chunk: Chunk): Promise<Result<Position>> {
  const { journal, log, segments, settings, now } = stream.deps;
  const staged = findStaged(stream);
  if (staged === undefined) return refuseNone();
  const { taskId, task } = staged;
  if (comparePositions(task.at, chunk.start) !== 0) return refuseElsewhere(task.at);
  const manifest = manifestOf(task);
  const end = chunkEnd(chunk);
  if (end.seq > manifest.tail.seq || end.byte > manifest.tail.byte) {
    return refuse({
      code: "invalid_import",
      message: "These frames go past the end of the stream that the import began with.",
    });
  }
  if (streamKind(manifest.contentType) === "json" && !holdsJson(chunk)) {
    return refuse({
      code: "invalid_import",
      message: "A frame of a JSON stream is not valid JSON.",
    });
  }
  const isSegment = chunk.payload.length >= settings.segmentBytes;
  if (isSegment) {
    const segment = await segments.put(task.streamId, [chunk]);
    // Blocks before it are no leftovers: earlier portions of the import may have been small.
    await log.replaceBySegment(task.streamId, segment, segment.start);
  } else {
    const record = recordOf(stream, task, "" as StreamPath);
    await log.insert({ ...record, catalogued: true }, packChunks([chunk], BLOCK_BYTES_MAX));
  }
  const after = findStaged(stream);
  if (after?.taskId !== taskId) {
    // It was given up meanwhile, and what was just written came after its erasure.
    journal.addTask({ kind: "erase", streamId: task.streamId }, now());
    followTasks(stream);
    return refuseNone();
  }
  if (comparePositions(after.task.at, chunk.start) !== 0) return refuseElsewhere(after.task.at);
  const isNext = isSegment && comparePositions(task.compacted, chunk.start) === 0;
  const compacted = isNext ? end : task.compacted;
  journal.replaceTask(taskId, { ...task, at: end, compacted }, now() + IDLE_MS_MAX);
  followTasks(stream);
  return accept(end);
}

/** Checksums say that a file is as it was written, not that what was written was a stream. */
function holdsJson({ ends, payload }: Chunk): boolean {
  return ends.every((end, i) => {
    const text = decodeStrict(payload.subarray(i === 0 ? 0 : ends[i - 1], end));
    return text !== undefined && isJson(text);
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return false;
  }
}

/** Makes the stream of the frames that were imported: from here on it is there, whole. */
export function finishImport(
  stream: Stream,
  path: StreamPath,
  producers: readonly ProducerStamp[],
): Result<Position> {
  const refusal = refuseTaken(stream);
  if (refusal !== undefined) return refusal;
  const staged = findStaged(stream);
  if (staged === undefined) return refuseNone();
  const record = recordOf(stream, staged.task, path);
  if (comparePositions(staged.task.at, record.flushed) !== 0) {
    return refuseElsewhere(staged.task.at);
  }
  stream.put(record, undefined, staged.taskId, producers);
  stream.armAlarm();
  return accept(record.flushed);
}

function refuseTaken(stream: Stream) {
  const present = stream.present(expire);
  if (present === undefined) return undefined;
  return present.record.state === "gone"
    ? refuse({
        code: "path_blocked",
        message: "A deleted stream at this path is kept for the forks that read it.",
      })
    : refuse({ code: "stream_exists", message: "There is a stream at this path already." });
}

function refuseNone() {
  return refuse({
    code: "import_conflict",
    message: "No import is under way at this path, or another one has taken its place: begin anew.",
    at: undefined,
  });
}

function refuseElsewhere(at: Position) {
  return refuse({
    code: "import_conflict",
    message: "The import stands at another offset than this request.",
    at,
  });
}

function findStaged(stream: Stream): Staged | undefined {
  for (const { id, task } of stream.deps.journal.tasks()) {
    if (task.kind === "import") return { taskId: id, task };
  }
  return undefined;
}

function followTasks(stream: Stream): void {
  stream.refreshTasks();
  stream.armAlarm();
}

function manifestOf(task: ImportTask): StreamManifest {
  const manifest = parseManifest(JSON.parse(task.manifest));
  if (manifest === undefined) throw new Error("A stored manifest cannot be read.");
  return manifest;
}

/** The stream that an import makes once all of its frames are there: one of its own, whatever it was a fork of. */
function recordOf(stream: Stream, task: ImportTask, path: StreamPath): StreamRecord {
  const { slot, deps } = stream;
  const manifest = manifestOf(task);
  const { contentType, createdAtMs, lifetime, retention, closed, closedBy, writerSeq, base, tail } =
    manifest;
  const before = slot.kind === "absent" ? slot.floor : slot.record.floor;
  const { floor } = manifest;
  return {
    id: task.streamId,
    path,
    contentType,
    kind: streamKind(contentType),
    createdAtMs,
    lifetime,
    requestedLifetime: lifetime,
    retention,
    deadlineMs: storedDeadlineMs(lifetime, deps.now()),
    floor: { seq: Math.max(before.seq, floor.seq), byte: Math.max(before.byte, floor.byte) },
    base,
    origin: base,
    lineage: [],
    fork: undefined,
    state: closed ? "closed" : "open",
    closedBy,
    flushed: tail,
    compacted: task.compacted,
    writerSeq,
    catalogued: false,
  };
}
