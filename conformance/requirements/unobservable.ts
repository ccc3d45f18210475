/** What the protocol asks of servers that nobody can see over HTTP. */

import type { Level } from "../harness/requirement.ts";

export interface Unobservable {
  readonly section: string;
  readonly level: Level;
  readonly text: string;
  readonly reason: string;
}

/** Rules for servers that no requirement of the catalogue covers, each with the reason. */
export const UNOBSERVABLE: readonly Unobservable[] = [
  {
    section: "4",
    level: "SHOULD NOT",
    text: "No new stream is created where one was deleted.",
    reason:
      "It asks this of whoever creates streams; the official suite requires that a server allows it. What must hold afterwards is 5.4-03.",
  },
  {
    section: "4.1",
    level: "STATED",
    text: "Closure survives a restart of the server.",
    reason: "A client cannot restart a server. Tests of a server of one's own can.",
  },
  {
    section: "5.1",
    level: "MUST",
    text: "A precedence between TTL and expiry time, if there is one, is documented.",
    reason: "About documents.",
  },
  {
    section: "5.2",
    level: "SHOULD",
    text: "Servers that do not support appends answer 405 or 501.",
    reason: "Only for servers without appends; the suites need appends.",
  },
  {
    section: "5.2",
    level: "MUST",
    text: "The scope of `Stream-Seq` (a writer or the stream) is documented.",
    reason: "About documents.",
  },
  {
    section: "5.2",
    level: "SHOULD",
    text: "The body of a 409 is empty or of a standardised format; a type conflict is looked at before a sequence conflict.",
    reason: "Both conflicts have the same status and headers, and the text names no format.",
  },
  {
    section: "5.2.1",
    level: "SHOULD",
    text: "Producer state and data are committed together, and the guarantee is documented.",
    reason: "Shows only when a server dies between the two, which a client cannot bring about.",
  },
  {
    section: "5.8",
    level: "MUST",
    text: "The base64 text of an empty data event is empty.",
    reason: "Appends are never empty, so that no server has such an event to send.",
  },
  {
    section: "8",
    level: "MUST NOT",
    text: "Offsets are not made in ways that can repeat or go back, such as from raw timestamps.",
    reason:
      "How they are made cannot be seen; that they neither repeat nor go back is 8-01 and 8-03.",
  },
  {
    section: "10",
    level: "SHOULD",
    text: "`private` is used where streams are a user's own.",
    reason: "A client does not know which streams are. 10-01 accepts both.",
  },
  {
    section: "11",
    level: "MUST NOT",
    text: "Extensions do not break the base protocol.",
    reason: "All of this catalogue, run against a server with its extensions, is the test.",
  },
  {
    section: "12",
    level: "MUST",
    text: "There are access controls against unauthorised creation, change and deletion.",
    reason: "By any mechanism the operator chooses; the protocol names none to test.",
  },
  {
    section: "12",
    level: "SHOULD",
    text: "Requests are limited in rate.",
    reason: "Limits are the operator's, and a flood would be no conformance test.",
  },
  {
    section: "12",
    level: "MUST",
    text: "In production, everything goes over TLS.",
    reason: "About deployments.",
  },
  {
    section: "13",
    level: "SHOULD",
    text: "Standalone servers listen on port 4437 by default.",
    reason: "The harness is told where the server listens.",
  },
];
