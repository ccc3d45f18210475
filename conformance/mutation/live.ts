/** Servers that are wrong in long-poll and SSE. */

import {
  answered,
  catchUp,
  control,
  drops,
  isDataEvent,
  live,
  query,
  sets,
  turns,
  withHeader,
  withQuery,
  type Mutant,
} from "./edit.ts";

/** Longer than the long-polls of the servers that mutants stand before. */
const LONG_MS = 1_500;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const liveReads: readonly Mutant[] = [
  {
    name: "lets a long-poll do without an offset",
    caughtBy: ["5.7-01"],
    request: (r) =>
      query(r).get("live") === "long-poll" && !query(r).has("offset")
        ? withQuery(r, (q) => q.set("offset", "-1"))
        : r,
  },
  {
    name: "does not wait",
    caughtBy: ["5.7-03", "8-11"],
    instead: async (r, upstream) => {
      if (query(r).get("live") !== "long-poll") return undefined;
      const now = await upstream({ ...r, target: withQuery(r, (q) => q.delete("live")).target });
      const withCursor = withHeader(now, "stream-cursor", "1");
      return now.body.length > 0 && now.body.toString() !== "[]"
        ? withCursor
        : { ...withCursor, status: 204 };
    },
  },
  {
    name: "answers 200 when a long-poll's time is over",
    caughtBy: ["5.7-04"],
    ...turns(204, 200, live("long-poll")),
  },
  {
    name: "loses the last data of a stream that is closed under a long-poll",
    caughtBy: ["5.7-12"],
    answer: (a, r) =>
      query(r).get("live") === "long-poll" && a.headers["stream-closed"] !== undefined
        ? { ...a, status: 204, body: Buffer.alloc(0) }
        : a,
  },
  {
    name: "gives no cursor with a long-poll's data",
    caughtBy: ["5.7-05"],
    ...drops("stream-cursor", live("long-poll", 200)),
  },
  {
    name: "gives no tail when a long-poll's time is over",
    caughtBy: ["5.7-06", "8-12"],
    ...drops("stream-next-offset", live("long-poll", 204)),
  },
  {
    name: "does not say up to date when a long-poll's time is over",
    caughtBy: ["5.7-07", "8-12"],
    ...drops("stream-up-to-date", live("long-poll", 204)),
  },
  {
    name: "gives no cursor when a long-poll's time is over",
    caughtBy: ["5.7-08"],
    ...drops("stream-cursor", live("long-poll", 204)),
  },
  {
    name: "does not tell a long-poll of closure",
    caughtBy: ["5.7-09", "5.7-11"],
    ...drops("stream-closed", live("long-poll", 204)),
  },
  {
    name: "lets a long-poll wait at the end of a closed stream",
    caughtBy: ["5.7-10"],
    answer: async (a, r) => {
      const ended = live("long-poll", 204)(a, r) && a.headers["stream-closed"] !== undefined;
      if (ended) await pause(LONG_MS);
      return a;
    },
  },
  {
    name: "lets caches keep a long-poll's 204",
    caughtBy: ["10-09"],
    ...sets("cache-control", "public, max-age=60", live("long-poll", 204)),
  },
  {
    name: "gives the client its own cursor back",
    caughtBy: ["10-07", "10-08"],
    answer: (a, r) => {
      const cursor = query(r).get("cursor");
      return cursor === null || a.headers["stream-cursor"] === undefined
        ? a
        : withHeader(a, "stream-cursor", cursor);
    },
  },
  {
    name: "gives every client the same cursor",
    caughtBy: ["10-07", "10-08"],
    ...sets("stream-cursor", "7", live("long-poll")),
  },
  {
    name: "does not know offset=now in long-polls",
    caughtBy: ["8-11", "8-12"],
    request: (r) =>
      query(r).get("live") === "long-poll" && query(r).get("offset") === "now"
        ? withQuery(r, (q) => q.set("offset", "-1"))
        : r,
  },
  {
    name: "does not say that SSE data is base64",
    caughtBy: ["5.8-02"],
    ...drops("stream-sse-data-encoding", live("sse")),
  },
  {
    name: "sends SSE as plain text",
    caughtBy: ["5.8-01"],
    ...sets("content-type", "text/plain", live("sse")),
  },
  {
    name: "leaves the padding off base64",
    caughtBy: ["5.8-05"],
    events: () => (event) => (isDataEvent(event) ? event.replaceAll("=", "") : event),
  },
  {
    name: "sends no offset in control events",
    caughtBy: ["5.8-07", "5.8-09"],
    ...control((fields) => delete fields["streamNextOffset"]),
  },
  {
    name: "sends no cursor in control events",
    caughtBy: ["5.8-08"],
    ...control((fields) => delete fields["streamCursor"]),
  },
  {
    name: "never says up to date in control events",
    caughtBy: ["5.8-13", "8-13"],
    ...control((fields) => delete fields["upToDate"]),
  },
  {
    name: "says up to date in every control event",
    caughtBy: ["5.8-10"],
    ...control((fields) => (fields["upToDate"] = true)),
  },
  {
    name: "never says closed in control events",
    caughtBy: ["5.8-11", "5.8-12"],
    ...control((fields) => delete fields["streamClosed"]),
  },
  {
    name: "keeps the connection when the stream is closed",
    caughtBy: ["5.8-12", "5.8-13"],
    keepsOpen: true,
  },
  {
    name: "sends data without the control event behind it",
    caughtBy: ["5.8-06"],
    events: () => {
      let before = "";
      return (event) => {
        const follows = isDataEvent(before);
        before = event;
        return follows ? "" : event;
      };
    },
  },
  {
    name: "sends every data event twice",
    caughtBy: ["5.8-16", "5.8-06"],
    events: () => (event) => (isDataEvent(event) ? `${event}\n\n${event}` : event),
  },
  {
    name: "prefixes only the first line of a data event",
    caughtBy: ["5.8-04"],
    events: () => (event) =>
      isDataEvent(event)
        ? event
            .split("\n")
            .map((line, n) => (n > 1 ? line.replace(/^data: ?/, "") : line))
            .join("\n")
        : event,
  },
  {
    name: "sends SSE from the beginning, whatever the offset",
    caughtBy: ["5.8-07", "8-13"],
    request: (r) =>
      query(r).get("live") === "sse" && query(r).has("offset")
        ? withQuery(r, (q) => q.set("offset", "-1"))
        : r,
  },
  {
    name: "answers 404 with an empty stream of events",
    caughtBy: ["5.8-15"],
    answer: (a, r) =>
      live("sse", 404)(a, r)
        ? { ...answered(200), headers: { "content-type": "text/event-stream" } }
        : a,
  },
  {
    name: "answers a live read as if it were none",
    caughtBy: ["5.8-01", "5.7-03"],
    request: (r) => withQuery(r, (q) => q.delete("live")),
    answer: (a, r) => (catchUp(a, r) ? withHeader(a, "stream-cursor", "1") : a),
  },
];
