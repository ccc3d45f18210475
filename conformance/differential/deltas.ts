/** Every intended difference between our server and the reference server (npm `@durable-streams/server`). */

import type { Operation } from "./operations.ts";
import type { Difference } from "./difference.ts";

export interface Delta {
  readonly id: string;
  /** The section of the protocol that demands or allows what ours does. */
  readonly section: string;
  readonly reason: string;
  /** Whether the two servers hold different states from here on. */
  readonly diverges: boolean;
  readonly matches: (difference: Difference) => boolean;
}

function header(operation: Operation, name: string): string | undefined {
  return "headers" in operation ? operation.headers[name] : undefined;
}

/** Whether the statuses are these two. */
function statuses({ field, ours, theirs }: Difference, here: string, there: string): boolean {
  return field === "status" && ours === here && theirs === there;
}

export const DELTAS: readonly Delta[] = [
  {
    id: "head-without-etag",
    section: "5.5",
    reason:
      "The protocol asks for ETags of answers to GET. One of HEAD would belong to no answer that a client has, since it would have to name a range that was read.",
    diverges: false,
    matches: ({ operation, field, ours }) =>
      operation.kind === "head" && field === "ETag" && ours === "(absent)",
  },
  {
    id: "malformed-first",
    section: "5.2",
    reason:
      "Several refusals hold and the text gives their order only among conflicts. Ours looks at the request before it looks for the stream, so that a malformed request costs no storage: 400 where the reference says 404 or 409.",
    diverges: false,
    matches: (difference) =>
      statuses(difference, "400", "404") || statuses(difference, "400", "409"),
  },
  {
    id: "not-modified-with-metadata",
    section: "5.6",
    reason:
      "A 304 of ours says what the 200 in its place would have said: up to date, closed, the next offset. The reference sends the ETag alone.",
    diverges: false,
    matches: ({ operation, observed, theirs }) =>
      operation.kind === "read" && observed.ours["status"] === "304" && theirs === "(absent)",
  },
  {
    id: "etag-of-a-range",
    section: "10.1",
    reason:
      "An ETag of ours names the range that was answered; asking for it as `-1` or by its token is the same. The reference puts the text of the request into the tag and sends the bytes again.",
    diverges: false,
    matches: (difference) =>
      difference.operation.kind === "read" &&
      difference.operation.etag !== null &&
      statuses(difference, "304", "200"),
  },
  {
    id: "closed-and-up-to-date",
    section: "5.8",
    reason:
      "At the tail of a closed stream the control event must say `upToDate` as well as `streamClosed`. The reference leaves it out.",
    diverges: false,
    matches: ({ operation, field, ours, theirs, observed }) =>
      operation.kind === "follow" &&
      field === "upToDate" &&
      ours === "true" &&
      theirs === "undefined" &&
      observed.ours["streamClosed"] === "true",
  },
  {
    id: "poll-of-an-empty-stream-waits",
    section: "5.7",
    reason:
      "Without data at the offset, a long-poll waits. The reference answers an empty 200 to `-1` on an empty stream.",
    diverges: false,
    matches: (difference) =>
      difference.operation.kind === "poll" &&
      statuses(difference, "204", "200") &&
      ["", "[]"].includes(difference.observed.theirs["body"] ?? ""),
  },
  {
    id: "empty-ttl",
    section: "5.1",
    reason: "An empty `Stream-TTL` is no integer: 400. The reference takes it for none.",
    diverges: true,
    matches: (difference) =>
      header(difference.operation, "Stream-TTL") === "" &&
      difference.field === "status" &&
      difference.ours === "400",
  },
  {
    id: "empty-fork-offset",
    section: "4.2",
    reason:
      "An empty `Stream-Fork-Offset` was never returned by a server: 400. The reference takes it for none.",
    diverges: true,
    matches: (difference) =>
      difference.operation.kind === "fork" &&
      difference.operation.at.kind === "literal" &&
      difference.operation.at.value === "" &&
      statuses(difference, "400", "201"),
  },
  {
    id: "repeated-fork",
    section: "4.2",
    reason:
      "The same fork request again is answered 200. The reference compares an omitted Content-Type with its default and answers 409.",
    diverges: false,
    matches: (difference) =>
      difference.operation.kind === "fork" &&
      difference.operation.type === null &&
      statuses(difference, "200", "409"),
  },
  {
    id: "closed-in-any-case",
    section: "4.1",
    reason:
      "`Stream-Closed: TRUE` means closed: the comparison is case-insensitive. The reference ignores it.",
    diverges: true,
    matches: ({ operation }) => {
      const value = header(operation, "Stream-Closed");
      return value !== undefined && value !== "true" && value.toLowerCase() === "true";
    },
  },
  {
    id: "expiry-without-time",
    section: "5.1",
    reason: "A date without a time is no RFC 3339 timestamp: 400. The reference accepts it.",
    diverges: true,
    matches: (difference) =>
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(
        header(difference.operation, "Stream-Expires-At") ?? "",
      ) &&
      difference.field === "status" &&
      difference.ours === "400",
  },
  {
    id: "expiry-as-an-instant",
    section: "5.1",
    reason:
      "Two timestamps of one instant are one configuration, whatever their time zone: 200. The reference compares their text.",
    diverges: false,
    matches: (difference) =>
      header(difference.operation, "Stream-Expires-At") !== undefined &&
      statuses(difference, "200", "409"),
  },
  {
    id: "spaces-at-the-beginning-of-a-line",
    section: "5.8",
    reason:
      "A client takes off one space behind `data:`. Ours writes one where the content begins with a space; the reference loses it.",
    diverges: false,
    matches: ({ operation, field, ours, theirs }) =>
      operation.kind === "follow" &&
      field === "data" &&
      ours.replaceAll(/^ /gm, "") === theirs.replaceAll(/^ /gm, ""),
  },
  {
    id: "etag-of-a-deleted-stream",
    section: "10.1",
    reason:
      "An ETag of a deleted stream does not match the next stream at its path: 200 with the new content. The reference answers 304, since its tags do not name the stream.",
    diverges: false,
    matches: (difference) =>
      difference.recreated &&
      difference.operation.kind === "read" &&
      statuses(difference, "200", "304"),
  },
  {
    id: "control-behind-every-data-event",
    section: "5.8",
    reason:
      "A control event follows every data event. The reference sends several data events before one.",
    diverges: false,
    matches: ({ field, ours }) => field === "control behind data" && ours === "true",
  },
  {
    id: "last-data-under-a-long-poll",
    section: "5.7",
    reason:
      "A long-poll that waits gets the data that closes the stream. The reference with files answers 204 and the data is missed.",
    diverges: true,
    matches: (difference) =>
      difference.operation.kind === "wake" &&
      header(difference.operation, "Stream-Closed") === "true" &&
      statuses(difference, "200", "204"),
  },
];

export function findDelta(difference: Difference): Delta | undefined {
  return DELTAS.find((delta) => delta.matches(difference));
}
