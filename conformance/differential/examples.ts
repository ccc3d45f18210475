/** For every delta the shortest sequence that shows it, so that none stays in the list longer than it is true. */

import type { Delta } from "./deltas.ts";
import type { OffsetName, Operation } from "./operations.ts";

export interface Example {
  readonly id: Delta["id"];
  /** What the reference keeps its streams in. */
  readonly reference: "memory" | "files";
  readonly operations: readonly Operation[];
}

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const BEGINNING: OffsetName = { kind: "literal", value: "-1" };

function create(
  headers: Readonly<Record<string, string>> = {},
  body: string | null = null,
): Operation {
  return { kind: "create", path: 0, type: TEXT, headers, body };
}

function append(body: string, type = TEXT): Operation {
  return { kind: "append", path: 0, type, headers: {}, body };
}

function read(from: OffsetName, etag: number | null = null): Operation {
  return { kind: "read", path: 0, from, etag };
}

function fork(at: OffsetName): Operation {
  return { kind: "fork", path: 1, source: 0, at, type: null, headers: {} };
}

function follow(from: OffsetName): Operation {
  return { kind: "follow", path: 0, from };
}

const SEQUENCES: Readonly<Record<string, readonly Operation[]>> = {
  "head-without-etag": [create(), { kind: "head", path: 0 }],
  "malformed-first": [read({ kind: "literal", value: "a/b" })],
  "not-modified-with-metadata": [create({}, "x"), read(BEGINNING), read(BEGINNING, 0)],
  "etag-of-a-range": [create(), append("x"), read(BEGINNING), read({ kind: "seen", n: 0 }, 0)],
  "closed-and-up-to-date": [
    create({ "Stream-Closed": "true" }),
    follow({ kind: "literal", value: "now" }),
  ],
  "poll-of-an-empty-stream-waits": [
    create(),
    { kind: "poll", path: 0, from: BEGINNING, cursor: null },
  ],
  "empty-ttl": [create({ "Stream-TTL": "" })],
  "empty-fork-offset": [create(), fork({ kind: "literal", value: "" })],
  "repeated-fork": [create(), fork({ kind: "omitted" }), fork({ kind: "omitted" })],
  "closed-in-any-case": [create({ "Stream-Closed": "TRUE" }), { kind: "head", path: 0 }],
  "expiry-without-time": [create({ "Stream-Expires-At": "2099-01-01" })],
  "expiry-as-an-instant": [
    create({ "Stream-Expires-At": "2099-01-01T00:00:00Z" }),
    create({ "Stream-Expires-At": "2099-01-01T02:00:00+02:00" }),
  ],
  "spaces-at-the-beginning-of-a-line": [create({}, " indented"), follow(BEGINNING)],
  "etag-of-a-deleted-stream": [
    create({}, "old"),
    read(BEGINNING),
    { kind: "delete", path: 0 },
    create({}, "new"),
    read(BEGINNING, 0),
  ],
  "control-behind-every-data-event": [
    { kind: "create", path: 0, type: JSON_TYPE, headers: {}, body: null },
    append("1", JSON_TYPE),
    append("2", JSON_TYPE),
    follow(BEGINNING),
  ],
  "last-data-under-a-long-poll": [
    create(),
    { kind: "wake", path: 0, type: TEXT, headers: { "Stream-Closed": "true" }, body: "last" },
  ],
};

/** This one is a fault of the reference's file store alone. */
const IN_FILES = "last-data-under-a-long-poll";

export const EXAMPLES: readonly Example[] = Object.entries(SEQUENCES).map(([id, operations]) => ({
  id,
  reference: id === IN_FILES ? "files" : "memory",
  operations,
}));
