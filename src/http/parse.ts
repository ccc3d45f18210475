/** From a request to what it asks for. Everything that can be refused without knowing the stream is refused here. */

import type { AppendCommand } from "#engine/append.ts";
import type { CreateCommand, ForkCommand } from "#engine/create.ts";
import { isMediaType } from "#protocol/content-type.ts";
import { FOREVER, parseExpiresAt, parseTtl, type Lifetime } from "#protocol/expiry.ts";
import {
  CONTENT_TYPE_LENGTH_MAX,
  PRODUCER_ID_LENGTH_MAX,
  STREAM_SEQ_LENGTH_MAX,
  TTL_SECONDS_MAX,
} from "#protocol/limits.ts";
import { parseIfMatch, type IfMatch } from "#protocol/if-match.ts";
import { HEADER, RETENTION_HEADER } from "#protocol/names.ts";
import { parsePosition, parseReadFrom, type Position, type ReadFrom } from "#protocol/offset.ts";
import { isReserved, parseSourcePath, type StreamPath } from "#protocol/path.ts";
import type { ProducerStamp } from "#protocol/producer.ts";
import {
  boundMax,
  parseBound,
  RETENTION_BOUNDS,
  type Retention,
  type RetentionBound,
} from "#protocol/retention.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";

const INTEGER = /^\d{1,16}$/;

/** What a DELETE asks for. */
export interface DeleteCommand {
  /** Undefined for a DELETE of the whole stream. */
  readonly before: ReadFrom | undefined;
  readonly ifMatch: IfMatch | undefined;
}

/**
 * The parameters and headers of a DELETE: with `before` it trims, without it deletes the whole stream. So that a
 * misspelled parameter does not, there may be no other.
 */
export function parseDelete(params: URLSearchParams, headers: Headers): Result<DeleteCommand> {
  const before = parseBefore(params);
  if (!before.ok) return before;
  const ifMatch = parsePrecondition(headers, undefined);
  return ifMatch.ok ? accept({ before: before.value, ifMatch: ifMatch.value }) : ifMatch;
}

function parseBefore(params: URLSearchParams): Result<ReadFrom | undefined> {
  const unknown = [...params.keys()].find((name) => name !== "before");
  if (unknown !== undefined) {
    return refuse({
      code: "invalid_query",
      message: `DELETE takes no parameter but before, and deletes the whole stream without it; this one has ${JSON.stringify(unknown)}.`,
    });
  }
  const offsets = params.getAll("before");
  const [offset] = offsets;
  if (offset === undefined) return accept(undefined);
  const before = parseReadFrom(offset);
  if (before !== undefined && offsets.length === 1) return accept(before);
  return refuse({
    code: "invalid_offset",
    message:
      "before must be given once: now, or what an earlier answer gave in Stream-Next-Offset.",
  });
}

/** The headers of a POST (§5.2), with its body. */
export function parseAppend(headers: Headers, body: Uint8Array): Result<AppendCommand> {
  const close = parseClosed(headers);
  if (body.length === 0 && !close) {
    return refuse({
      code: "empty_body",
      message: "There is nothing to append. To close the stream, send Stream-Closed: true.",
    });
  }
  const contentType = headers.get("Content-Type") ?? undefined;
  const refusal = body.length === 0 ? undefined : checkContentType(contentType, true);
  if (refusal !== undefined) return refuse(refusal);
  const producer = parseProducer(headers);
  if (!producer.ok) return producer;
  const writerSeq = headers.get(HEADER.seq) ?? undefined;
  if (writerSeq !== undefined && (writerSeq === "" || writerSeq.length > STREAM_SEQ_LENGTH_MAX)) {
    return refuse({
      code: "invalid_stream_seq",
      message: `Stream-Seq must have 1 to ${STREAM_SEQ_LENGTH_MAX} characters.`,
    });
  }
  const ifMatch = parsePrecondition(headers, producer.value);
  if (!ifMatch.ok) return ifMatch;
  return accept({
    contentType,
    body,
    close,
    producer: producer.value,
    writerSeq,
    ifMatch: ifMatch.value,
  });
}

/** `If-Match`. A producer that repeats a request could not know whether it failed or had succeeded before. */
function parsePrecondition(
  headers: Headers,
  producer: ProducerStamp | undefined,
): Result<IfMatch | undefined> {
  const value = headers.get("If-Match");
  if (value === null) return accept(undefined);
  if (producer !== undefined) {
    return refuse({
      code: "conflicting_if_match",
      message: "Give If-Match or producer headers, not both.",
    });
  }
  const ifMatch = parseIfMatch(value);
  if (ifMatch !== undefined) return accept(ifMatch);
  return refuse({
    code: "invalid_if_match",
    message: 'If-Match must be * or a list of offsets in double quotes, as in "…_…".',
  });
}

/** The path and headers of a PUT (§5.1), with its body. */
export function parseCreate(
  path: StreamPath,
  headers: Headers,
  body: Uint8Array,
): Result<CreateCommand> {
  const contentType = headers.get("Content-Type")?.trim() || undefined;
  const refusal = checkContentType(contentType, false);
  if (refusal !== undefined) return refuse(refusal);
  const lifetime = parseLifetime(headers);
  if (!lifetime.ok) return lifetime;
  const retention = parseRetention(headers);
  if (!retention.ok) return retention;
  const fork = parseFork(headers);
  if (!fork.ok) return fork;
  return accept({
    path,
    contentType,
    lifetime: lifetime.value,
    retention: retention.value,
    closed: parseClosed(headers),
    body,
    fork: fork.value,
  });
}

function checkContentType(contentType: string | undefined, needed: boolean): Refusal | undefined {
  if (contentType === undefined || contentType === "") {
    return needed
      ? { code: "content_type_missing", message: "An append with a body needs a Content-Type." }
      : undefined;
  }
  if (contentType.length <= CONTENT_TYPE_LENGTH_MAX && isMediaType(contentType)) return undefined;
  return {
    code: "invalid_content_type",
    message: `Content-Type must be a media type of at most ${CONTENT_TYPE_LENGTH_MAX} characters.`,
  };
}

// Anything but `true` counts as absent (§4.1).
function parseClosed(headers: Headers): boolean {
  return headers.get(HEADER.closed)?.trim().toLowerCase() === "true";
}

function parseLifetime(headers: Headers): Result<Lifetime> {
  const ttl = headers.get(HEADER.ttl);
  const expiresAt = headers.get(HEADER.expiresAt);
  if (ttl !== null && expiresAt !== null) {
    return refuse({
      code: "conflicting_expiry",
      message: "Give Stream-TTL or Stream-Expires-At, not both.",
    });
  }
  if (ttl !== null) {
    const lifetime = parseTtl(ttl);
    if (lifetime !== undefined) return accept(lifetime);
    return refuse({
      code: "invalid_ttl",
      message: `Stream-TTL must be whole seconds in decimal, without sign or leading zeros, and at most ${TTL_SECONDS_MAX}.`,
    });
  }
  if (expiresAt === null) return accept(FOREVER);
  const lifetime = parseExpiresAt(expiresAt);
  if (lifetime !== undefined) return accept(lifetime);
  return refuse({
    code: "invalid_expires_at",
    message: "Stream-Expires-At must be an RFC 3339 timestamp such as 2030-01-01T00:00:00Z.",
  });
}

function parseRetention(headers: Headers): Result<Retention | undefined> {
  const retention: { [Bound in RetentionBound]?: number } = {};
  for (const bound of RETENTION_BOUNDS) {
    const name = RETENTION_HEADER[bound];
    const value = headers.get(name);
    if (value === null) continue;
    const number = parseBound(bound, value);
    if (number === undefined) {
      return refuse({
        code: "invalid_retention",
        message: `${name} must be a positive integer in decimal, without sign or leading zeros, and at most ${boundMax(bound)}.`,
      });
    }
    retention[bound] = number;
  }
  return accept(Object.keys(retention).length === 0 ? undefined : retention);
}

function parseFork(headers: Headers): Result<ForkCommand | undefined> {
  const source = headers.get(HEADER.forkedFrom);
  const offset = headers.get(HEADER.forkOffset);
  const sub = headers.get(HEADER.forkSubOffset);
  if (source === null) {
    if (sub !== null) return refuseSubOffset("Stream-Fork-Sub-Offset needs Stream-Forked-From.");
    if (offset !== null) return refuseForkOffset("Stream-Fork-Offset needs Stream-Forked-From.");
    return accept(undefined);
  }
  const sourcePath = parseSourcePath(source);
  if (sourcePath === undefined || isReserved(sourcePath)) {
    return refuse({
      code: "invalid_fork_source",
      message: "Stream-Forked-From must be the path of a stream on this server.",
    });
  }
  const anchor = parseAnchor(offset);
  if (!anchor.ok) return anchor;
  const subOffset = parseSubOffset(sub);
  if (!subOffset.ok) return subOffset;
  return accept({ sourcePath, anchor: anchor.value, subOffset: subOffset.value });
}

function parseAnchor(offset: string | null): Result<Position | undefined> {
  if (offset === null) return accept(undefined);
  const anchor = parsePosition(offset);
  if (anchor !== undefined) return accept(anchor);
  return refuseForkOffset("Stream-Fork-Offset must be an offset that the source has given out.");
}

function parseSubOffset(sub: string | null): Result<number> {
  const subOffset = sub === null ? 0 : parseInteger(sub);
  if (subOffset !== undefined && !/^0\d/.test(sub ?? "")) return accept(subOffset);
  return refuseSubOffset("Stream-Fork-Sub-Offset must be a whole number in decimal.");
}

function refuseForkOffset(message: string) {
  return refuse({ code: "invalid_fork_offset", message });
}

function refuseSubOffset(message: string) {
  return refuse({ code: "invalid_fork_sub_offset", message });
}

function parseProducer(headers: Headers): Result<ProducerStamp | undefined> {
  const id = headers.get(HEADER.producerId);
  const epoch = headers.get(HEADER.producerEpoch);
  const seq = headers.get(HEADER.producerSeq);
  if (id === null && epoch === null && seq === null) return accept(undefined);
  if (id === null || epoch === null || seq === null) {
    return refuseProducer("Producer-Id, Producer-Epoch and Producer-Seq come together.");
  }
  if (id === "" || id.length > PRODUCER_ID_LENGTH_MAX) {
    return refuseProducer(`Producer-Id must have 1 to ${PRODUCER_ID_LENGTH_MAX} characters.`);
  }
  const stamp = { id, epoch: parseInteger(epoch), seq: parseInteger(seq) };
  if (stamp.epoch === undefined || stamp.seq === undefined) {
    return refuseProducer("Producer-Epoch and Producer-Seq must be integers from 0 to 2^53-1.");
  }
  return accept({ id, epoch: stamp.epoch, seq: stamp.seq });
}

function refuseProducer(message: string) {
  return refuse({ code: "invalid_producer", message });
}

/** A whole number from 0 to 2^53−1 in decimal, leading zeros and all; undefined for anything else. */
export function parseInteger(text: string): number | undefined {
  const number = INTEGER.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
