/** Every requirement of the protocol that a server can be seen to keep over HTTP, in the order of the text. */

import type { NamedTest } from "../harness/run.ts";
import { formatTestName, type Requirement } from "../harness/requirement.ts";
import { append } from "./append.ts";
import { caching } from "./caching.ts";
import { catchUp } from "./catch-up.ts";
import { close } from "./close.ts";
import { closure } from "./closure.ts";
import { create } from "./create.ts";
import { deleteAndHead } from "./delete-and-head.ts";
import { forkLife } from "./fork-life.ts";
import { forks } from "./forks.ts";
import { http } from "./http.ts";
import { json } from "./json.ts";
import { lifetime } from "./lifetime.ts";
import { longPollClosure } from "./long-poll-closure.ts";
import { longPoll } from "./long-poll.ts";
import { offsets } from "./offsets.ts";
import { producerHeaders } from "./producer-headers.ts";
import { producers } from "./producers.ts";
import officialMap from "./official-map.json" with { type: "json" };
import { sseLife } from "./sse-life.ts";
import { sse } from "./sse.ts";

const ALL: readonly Requirement[] = [
  ...http,
  ...closure,
  ...forks,
  ...forkLife,
  ...create,
  ...lifetime,
  ...append,
  ...close,
  ...producerHeaders,
  ...producers,
  ...deleteAndHead,
  ...catchUp,
  ...longPoll,
  ...longPollClosure,
  ...sse,
  ...sseLife,
  ...offsets,
  ...json,
  ...caching,
];

/** By the id of a requirement, the tests of the official suite that also show it. */
const OFFICIAL: Readonly<Record<string, readonly string[] | undefined>> = officialMap;

export const REQUIREMENTS: readonly Requirement[] = ALL.map((requirement) => ({
  ...requirement,
  official: OFFICIAL[requirement.id] ?? [],
})).toSorted((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));

/** The tests of all requirements, each under the requirement's id and its own name. */
export function listTests(requirements: readonly Requirement[] = REQUIREMENTS): NamedTest[] {
  return requirements.flatMap(({ id, tests }) =>
    Object.entries(tests).map(([name, run]) => ({ name: formatTestName(id, name), run })),
  );
}
