/** The names of the headers and query parameters (§13.2), as they are written on the wire. */

export const HEADER = {
  nextOffset: "Stream-Next-Offset",
  upToDate: "Stream-Up-To-Date",
  closed: "Stream-Closed",
  cursor: "Stream-Cursor",
  seq: "Stream-Seq",
  ttl: "Stream-TTL",
  expiresAt: "Stream-Expires-At",
  retentionMessages: "Stream-Retention-Messages",
  retentionBytes: "Stream-Retention-Bytes",
  retentionSeconds: "Stream-Retention-Seconds",
  forkedFrom: "Stream-Forked-From",
  forkOffset: "Stream-Fork-Offset",
  forkSubOffset: "Stream-Fork-Sub-Offset",
  earliestOffset: "Stream-Earliest-Offset",
  sseDataEncoding: "Stream-SSE-Data-Encoding",
  producerId: "Producer-Id",
  producerEpoch: "Producer-Epoch",
  producerSeq: "Producer-Seq",
  producerExpectedSeq: "Producer-Expected-Seq",
  producerReceivedSeq: "Producer-Received-Seq",
} as const;

/** The header of each bound of a stream's retention. */
export const RETENTION_HEADER = {
  messages: HEADER.retentionMessages,
  bytes: HEADER.retentionBytes,
  seconds: HEADER.retentionSeconds,
} as const;

/** Everything under this path, and only that, is a stream. */
export const STREAM_ROOT = "/v1/stream/";

/** Export and import, each followed by a stream's path. */
export const EXPORT_ROOT = "/v1/admin/export/";
export const IMPORT_ROOT = "/v1/admin/import/";

/** The list of all streams. */
export const CATALOGUE_PATH = "/v1/streams";
