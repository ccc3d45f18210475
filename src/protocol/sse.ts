/** Server-sent events (§5.8): one data event and exactly one control event for every batch. */

import type { StreamKind } from "./content-type.ts";
import { formatBody, type Chunk } from "./frames.ts";
import { formatOffset, type Position } from "./offset.ts";
import { decodeLenient } from "./utf8.ts";

/** A line that parsers ignore; writing it is how a client that went away is noticed. */
export const HEARTBEAT = ": heartbeat\n\n";

export interface Control {
  readonly next: Position;
  readonly upToDate: boolean;
  readonly closed: boolean;
  /** Not sent when the stream is closed: nobody is to reconnect. */
  readonly cursor: string;
}

/** The data event of a batch: JSON as an array, text as it is, anything else as base64. */
export function formatDataEvent(chunks: readonly Chunk[], kind: StreamKind): string {
  const body = formatBody(chunks, kind);
  const text = kind === "bytes" ? body.toBase64() : decodeLenient(body);
  return `event: data\n${dataLines(text)}\n`;
}

/** The control event that follows every data event, opens a connection at the tail, and ends a closed stream. */
export function formatControlEvent(control: Control): string {
  const fields = {
    streamNextOffset: formatOffset(control.next),
    ...(control.closed ? { streamClosed: true } : { streamCursor: control.cursor }),
    ...(control.upToDate ? { upToDate: true } : {}),
  };
  return `event: control\n${dataLines(JSON.stringify(fields))}\n`;
}

// Every way an SSE parser ends a line is a line break here, so that no payload can begin a field or an event. The
// parser strips one space after the colon: a line that begins with a space is given another.
function dataLines(text: string): string {
  let lines = "";
  for (const line of text.split(/\r\n|\r|\n/)) {
    lines += line.startsWith(" ") ? `data: ${line}\n` : `data:${line}\n`;
  }
  return lines;
}
