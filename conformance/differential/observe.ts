/** What is compared of an answer: status, the protocol's headers, and the content, without what may differ. */

import type { Answer, Followed } from "../harness/client.ts";
import { lastControl } from "../requirements/check.ts";

/** The fields of an answer by name. An absent field is not there at all. */
export type Observation = Readonly<Record<string, string>>;

/** Compared as they are, but for their case. */
const EXACT = [
  "Stream-Closed",
  "Stream-Up-To-Date",
  "Stream-TTL",
  "Producer-Epoch",
  "Producer-Seq",
  "Producer-Expected-Seq",
  "Producer-Received-Seq",
  "Stream-SSE-Data-Encoding",
] as const;

/** Their values are the server's own: only whether they are there is compared. */
const PRESENCE = ["ETag", "Stream-Cursor", "Stream-Next-Offset"] as const;

/** @param prefix what stands before paths on this server, taken off `Location` */
export function observe(answer: Answer, prefix: string): Observation {
  const fields: Record<string, string> = { status: String(answer.status) };
  for (const name of EXACT) {
    const value = answer.header(name);
    if (value !== undefined) fields[name] = value.toLowerCase();
  }
  for (const name of PRESENCE) if (answer.header(name) !== undefined) fields[name] = "(present)";
  const expires = answer.header("Stream-Expires-At");
  if (expires !== undefined) fields["Stream-Expires-At"] = String(Date.parse(expires));
  const location = answer.header("Location");
  if (location !== undefined) {
    fields["Location"] = new URL(location, "http://server").pathname.replace(prefix, "");
  }
  // The bodies and types of errors are the server's own.
  if (answer.status < 300) Object.assign(fields, observeContent(answer));
  return fields;
}

function observeContent(answer: Answer): Observation {
  const type = normaliseType(answer.header("Content-Type"));
  if (type === "text/event-stream") return { "Content-Type": type };
  if (answer.status === 204) return { body: show(answer.body) };
  const body =
    type.startsWith("application/json") && answer.body.length > 0
      ? showJson(answer)
      : show(answer.body);
  return { "Content-Type": type, body };
}

/** The content and the end of an event stream: how it was cut into events may differ. */
export function observeEvents(followed: Followed, answered: Observation): Observation {
  if (answered["status"] !== "200") return answered;
  const { upToDate, streamClosed, streamCursor, streamNextOffset } = lastControl(followed);
  const data = followed.events.filter(({ event }) => event === "data").map((event) => event.data);
  return {
    ...answered,
    "control behind data": String(isPaired(followed)),
    data: showEvents(data, answered["Stream-SSE-Data-Encoding"]),
    upToDate: String(upToDate),
    streamClosed: String(streamClosed),
    streamCursor: typeof streamCursor,
    streamNextOffset: typeof streamNextOffset,
  };
}

/** Whether each data event has a control event right behind it. */
function isPaired({ events }: Followed): boolean {
  return events.every(
    ({ event }, index) => event !== "data" || events[index + 1]?.event === "control",
  );
}

/** Base64 is decoded event by event, since each is padded by itself; arrays of messages are joined. */
function showEvents(data: readonly string[], encoding: string | undefined): string {
  if (encoding === "base64") {
    return show(Buffer.concat(data.map((one) => Buffer.from(one.replaceAll("\n", ""), "base64"))));
  }
  const values = data.map(tryParse);
  return values.length > 0 && values.every(Array.isArray)
    ? JSON.stringify(values.flat())
    : data.join("");
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function normaliseType(type: string | undefined): string {
  return (type ?? "(absent)").toLowerCase().replaceAll(/\s+/g, "");
}

function showJson(answer: Answer): string {
  return JSON.stringify(answer.json);
}

function show(body: Uint8Array): string {
  return Buffer.from(body).toString("latin1");
}
