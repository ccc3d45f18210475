/** A requirement of the protocol, and how it is shown that a server keeps it. */

import type { Subject } from "./subject.ts";

/**
 * How strongly the text says it. STATED is a rule that the text gives as a plain fact, without a keyword: a server that
 * breaks it is as wrong as with a MUST.
 */
export type Level = "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT" | "MAY" | "STATED";

export interface Requirement {
  /** The section and a number within it, e.g. `5.2-04`. Never given to another requirement. */
  readonly id: string;
  readonly level: Level;
  /** In our own words, one sentence. */
  readonly text: string;
  /** Full names of the tests of the official suite that also show it. */
  readonly official?: readonly string[];
  /** By name, a sentence about the server. Throws (an assertion, usually) when the server does not keep it. */
  readonly tests: Readonly<Record<string, (subject: Subject) => Promise<void>>>;
}

/** Thrown by a test that has nothing to look at on this server. */
export class Skip extends Error {
  override readonly name = "Skip";
}

/** A test of a requirement, as it is called in the results of the suite. */
export function formatTestName(id: string, name: string): string {
  return `${id} ${name}`;
}
