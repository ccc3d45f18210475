/**
 * The source's side of a fork (§4.2).
 *
 * References are edges, never counts. The fork writes down that it means to fork before it asks; the source adds the
 * edge under the fork's id, so that asking twice is asking once; the fork's creation and the end of its intent are
 * one transaction; and an intent that is left over after a crash releases the edge.
 */

import { mediaType } from "#protocol/content-type.ts";
import { LINEAGE_LENGTH_MAX } from "#protocol/limits.ts";
import type { Position } from "#protocol/offset.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";
import type { Ancestor } from "#storage/contract.ts";
import { flushThrough } from "./flush.ts";
import type { ForkGrant, ForkRequest } from "./peers.ts";
import { advance, readPage } from "./read.ts";
import { expire } from "./remove.ts";
import type { Present, Stream } from "./stream.ts";

/** Grants a fork: everything up to its point is in D1 or R2, and stays there until the fork is released. */
export async function acquireFork(
  stream: Stream,
  request: ForkRequest,
): Promise<Result<ForkGrant>> {
  const opened = openSource(stream);
  if (!opened.ok) return opened;
  const { record, tail } = opened.value;
  const { contentType, subOffset } = request;
  if (contentType !== undefined && mediaType(contentType) !== mediaType(record.contentType)) {
    return refuse({
      code: "content_type_mismatch",
      message: `A fork has its source's content type, ${record.contentType}.`,
    });
  }
  if (record.lineage.length >= LINEAGE_LENGTH_MAX) {
    return refuse({
      code: "fork_too_deep",
      message: `A fork may have at most ${LINEAGE_LENGTH_MAX} ancestors.`,
    });
  }
  const anchor = await resolveAnchor(stream, opened.value, request.anchor);
  if (anchor === undefined) {
    return refuse({
      code: "invalid_fork_offset",
      message:
        "Stream-Fork-Offset is before the source's first offset, past its tail, or no offset of the source.",
    });
  }
  const point = await advance(stream, record.id, anchor, record.kind, subOffset);
  if (point === undefined || point.byte > tail.byte) {
    return refuse({
      code: "invalid_fork_sub_offset",
      message:
        "Stream-Fork-Sub-Offset is past the end of the append or of the messages after the fork offset.",
    });
  }
  await flushThrough(stream, record.id, point);
  return grant(stream, request, record.id, anchor, point);
}

/** The last step, on the facts of now: what was waited for may have changed them. */
function grant(
  stream: Stream,
  { forkId, forkPath }: ForkRequest,
  id: string,
  anchor: Position,
  point: Position,
): Result<ForkGrant> {
  const opened = openSource(stream);
  if (!opened.ok) return opened;
  const { record } = opened.value;
  if (record.id !== id) return refuseMissing();
  if (anchor.byte < record.base.byte) {
    return refuse({
      code: "invalid_fork_offset",
      message: "The source was trimmed past Stream-Fork-Offset.",
    });
  }
  stream.deps.journal.addEdge({ forkId, forkPath, kept: record.base });
  return accept({
    sourceId: id,
    contentType: record.contentType,
    lifetime: record.lifetime,
    base: record.base,
    anchor,
    point,
    lineage: lineageUntil([...record.lineage, { streamId: id, until: point }], point),
  });
}

function openSource(stream: Stream): Result<Present> {
  const present = stream.present(expire);
  if (present === undefined) return refuseMissing();
  if (present.record.state !== "gone") return accept(present);
  return refuse({
    code: "source_deleted",
    message: "The source was deleted; only forks that it already has still read it.",
  });
}

function refuseMissing() {
  return refuse({
    code: "source_not_found",
    message: "There is no stream at the path that Stream-Forked-From names.",
  });
}

async function resolveAnchor(
  stream: Stream,
  { record, tail }: Present,
  anchor: Position | undefined,
): Promise<Position | undefined> {
  if (anchor === undefined) return tail;
  if (anchor.byte < record.base.byte || anchor.byte > tail.byte) return undefined;
  // Reading there tells whether it is an offset at all.
  const page = await readPage(stream, anchor, { frames: 1, bytes: undefined });
  return page.ok ? anchor : undefined;
}

/** The ancestors that hold what lies before a point. */
function lineageUntil(lineage: readonly Ancestor[], point: Position): Ancestor[] {
  const first = lineage.findIndex((a) => a.until.byte >= point.byte);
  const kept = lineage.slice(0, first + 1);
  return kept.map((a, i) => (i === first ? { ...a, until: point } : a));
}
