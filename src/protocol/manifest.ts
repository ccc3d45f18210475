/** What an export says of a stream besides its frames: everything that the stream's answers depend on. */

import {
  CONTENT_TYPE_LENGTH_MAX,
  PRODUCER_ID_LENGTH_MAX,
  STREAM_SEQ_LENGTH_MAX,
} from "./limits.ts";
import { isMediaType } from "./content-type.ts";
import { FOREVER, parseExpiresAt, parseTtl, type Lifetime } from "./expiry.ts";
import { formatOffset, parsePosition, type Position } from "./offset.ts";
import type { ProducerStamp } from "./producer.ts";
import { parseBound, RETENTION_BOUNDS, type Retention } from "./retention.ts";

const ID_LENGTH_MAX = 100;
// Half of what a number counts exactly, and the last moment that a date can name.
const POSITION_MAX = 2 ** 52;
const TIME_MS_MAX = 8.64e15;
// What a header may say: a content type is sent back in one.
const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** A stream as it was at one moment. A fork is described whole, as a stream of its own. */
export interface StreamManifest {
  /** The incarnation that was exported; an import gets an id of its own. */
  readonly id: string;
  readonly contentType: string;
  readonly createdAtMs: number;
  readonly lifetime: Lifetime;
  /** How much of its past the stream keeps; undefined for all of it. */
  readonly retention: Retention | undefined;
  readonly closed: boolean;
  /** The request that closed the stream, if a producer did. */
  readonly closedBy: ProducerStamp | undefined;
  /** The last `Stream-Seq` accepted. */
  readonly writerSeq: string | undefined;
  /** Past every offset of the streams that were at the path before. */
  readonly floor: Position;
  readonly base: Position;
  readonly tail: Position;
}

/** The producers of a stream on the wire: id, epoch, sequence number. */
export type ProducerRow = readonly [id: string, epoch: number, seq: number];

/** A manifest as plain JSON. Equal manifests are equal texts, key by key. */
export function formatManifest(manifest: StreamManifest): Record<string, unknown> {
  const { id, contentType, createdAtMs, lifetime, retention, closed, closedBy, writerSeq } =
    manifest;
  return {
    id,
    contentType,
    createdAtMs,
    ...(lifetime.kind === "ttl" ? { ttlSeconds: lifetime.seconds } : {}),
    ...(lifetime.kind === "until" ? { expiresAt: lifetime.text } : {}),
    ...(retention === undefined ? {} : { retention: formatRetention(retention) }),
    closed,
    ...(closedBy === undefined ? {} : { closedBy: formatProducer(closedBy) }),
    ...(writerSeq === undefined ? {} : { streamSeq: writerSeq }),
    floor: formatOffset(manifest.floor),
    base: formatOffset(manifest.base),
    tail: formatOffset(manifest.tail),
  };
}

/** Reads what {@link formatManifest} wrote; undefined for anything else. Other keys are ignored. */
export function parseManifest(value: unknown): StreamManifest | undefined {
  if (!isObject(value)) return undefined;
  const { id, contentType, createdAtMs, closed, streamSeq } = value;
  const span = parseSpan(value);
  const lifetime = parseLifetime(value);
  const retention = parseRetention(value);
  const closure = parseClosure(value);
  if (typeof id !== "string" || id === "" || id.length > ID_LENGTH_MAX) return undefined;
  if (!isContentType(contentType) || !isTime(createdAtMs)) return undefined;
  if (typeof closed !== "boolean" || !isWriterSeq(streamSeq)) return undefined;
  if (span === undefined || lifetime === undefined) return undefined;
  if (retention === undefined || closure === undefined) return undefined;
  return {
    id,
    contentType,
    createdAtMs,
    lifetime,
    closed,
    ...retention,
    ...closure,
    writerSeq: streamSeq,
    ...span,
  };
}

function parseSpan(
  value: Record<string, unknown>,
): Pick<StreamManifest, "floor" | "base" | "tail"> | undefined {
  const [floor, base, tail] = ["floor", "base", "tail"].map((name) => parseToken(value[name]));
  if (floor === undefined || base === undefined || tail === undefined) return undefined;
  const [frames, bytes] = [tail.seq - base.seq, tail.byte - base.byte];
  // A frame has at least one byte, and a stream has room to go on.
  const isBounded = [floor, tail].every(({ seq, byte }) => Math.max(seq, byte) <= POSITION_MAX);
  return frames < 0 || frames > bytes || !isBounded ? undefined : { floor, base, tail };
}

function formatRetention(retention: Retention): Record<string, number> {
  return Object.fromEntries(
    RETENTION_BOUNDS.flatMap((bound) => {
      const value = retention[bound];
      return value === undefined ? [] : [[bound, value]];
    }),
  );
}

function parseRetention({
  retention,
}: Record<string, unknown>): Pick<StreamManifest, "retention"> | undefined {
  if (retention === undefined) return { retention };
  if (!isObject(retention)) return undefined;
  const parsed: Partial<Record<(typeof RETENTION_BOUNDS)[number], number>> = {};
  for (const bound of RETENTION_BOUNDS) {
    const value = retention[bound];
    if (value === undefined) continue;
    const number = isCount(value) ? parseBound(bound, String(value)) : undefined;
    if (number === undefined) return undefined;
    parsed[bound] = number;
  }
  return Object.keys(parsed).length === 0 ? undefined : { retention: parsed };
}

function parseClosure({
  closedBy,
}: Record<string, unknown>): Pick<StreamManifest, "closedBy"> | undefined {
  if (closedBy === undefined) return { closedBy };
  const producer = parseProducer(closedBy);
  return producer === undefined ? undefined : { closedBy: producer };
}

export function formatProducer({ id, epoch, seq }: ProducerStamp): ProducerRow {
  return [id, epoch, seq];
}

/** Reads a list of producers; undefined for anything else. */
export function parseProducers(value: unknown): ProducerStamp[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const producers = value.map(parseProducer);
  return producers.every((p) => p !== undefined) ? producers : undefined;
}

function parseProducer(value: unknown): ProducerStamp | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [id, epoch, seq] = value as unknown[];
  if (typeof id !== "string" || id === "" || id.length > PRODUCER_ID_LENGTH_MAX) return undefined;
  if (!isCount(epoch) || !isCount(seq)) return undefined;
  return { id, epoch, seq };
}

function parseLifetime(value: Record<string, unknown>): Lifetime | undefined {
  const { ttlSeconds, expiresAt } = value;
  if (ttlSeconds !== undefined && expiresAt !== undefined) return undefined;
  if (ttlSeconds !== undefined)
    return isCount(ttlSeconds) ? parseTtl(String(ttlSeconds)) : undefined;
  if (expiresAt === undefined) return FOREVER;
  return typeof expiresAt === "string" ? parseExpiresAt(expiresAt) : undefined;
}

function parseToken(value: unknown): Position | undefined {
  return typeof value === "string" ? parsePosition(value) : undefined;
}

function isContentType(value: unknown): value is string {
  if (typeof value !== "string" || value.length > CONTENT_TYPE_LENGTH_MAX) return false;
  return HEADER_VALUE.test(value) && isMediaType(value);
}

function isWriterSeq(value: unknown): value is string | undefined {
  if (value === undefined) return true;
  return typeof value === "string" && value !== "" && value.length <= STREAM_SEQ_LENGTH_MAX;
}

/** Milliseconds since 1970 that a date can hold. */
function isTime(value: unknown): value is number {
  return isCount(value) && value <= TIME_MS_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
