/** Rules about the headers. Whether two spellings mean the same is decided here, header by header. */

import type { Difference, FindingCode, Severity } from "./finding.ts";
import type { AnsweredPair, AnsweredResult } from "./signal-envelope.ts";

type CoreHeader = keyof AnsweredResult["response"]["headers"]["core"];

/** AUTH_CHALLENGE_PRESENT, CORS_HEADER_DRIFT, and the drifts of the four other headers. */
export function diffHeaders(pair: AnsweredPair): Difference[] {
  return [
    ...diffChallenge(pair),
    ...diffCors(pair),
    ...diffCache(pair),
    ...diffVary(pair),
    ...diffLocation(pair),
    ...diffContentType(pair),
  ];
}

function diffChallenge(pair: AnsweredPair): Difference[] {
  const { a, b } = coreOf(pair, "www-authenticate");
  if (a === b) return [];
  const oneSided = a === undefined || b === undefined;
  return [
    drift("AUTH_CHALLENGE_PRESENT", oneSided ? "critical" : "warn", "www-authenticate", a, b),
  ];
}

function diffCors({ left, right }: AnsweredPair): Difference[] {
  const a = left.response.headers.accessControl ?? {};
  const b = right.response.headers.accessControl ?? {};
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const changed = names.filter((name) => a[name] !== b[name]).toSorted();
  if (changed.length === 0) return [];
  const show = (headers: Readonly<Record<string, string>>) =>
    changed.map((name) => `${name}: ${headers[name] ?? "(absent)"}`).join("; ");
  return [
    {
      code: "CORS_HEADER_DRIFT",
      severity: "warn",
      section: "headers",
      keys: changed,
      message: `The sides differ in ${changed.join(", ")}.`,
      left: show(a),
      right: show(b),
    },
  ];
}

function diffCache(pair: AnsweredPair): Difference[] {
  const { a, b } = coreOf(pair, "cache-control");
  const [one, other] = [parseDirectives(a), parseDirectives(b)];
  if (one.all === other.all) return [];
  const severity = one.names === other.names ? "info" : "warn";
  return [drift("CACHE_HEADER_DRIFT", severity, "cache-control", a, b)];
}

/** The directives of a Cache-Control, without regard to order, case and repetition. */
function parseDirectives(value: string | undefined): { names: string; all: string } {
  const directives = splitList(value).map((directive) => {
    const [name = "", argument] = directive.split("=", 2).map((part) => part.trim());
    return { name: name.toLowerCase(), argument: argument?.replaceAll('"', "").toLowerCase() };
  });
  return {
    names: joinSorted(directives.map(({ name }) => name)),
    all: joinSorted(
      directives.map(({ name, argument }) =>
        argument === undefined ? name : `${name}=${argument}`,
      ),
    ),
  };
}

function diffVary(pair: AnsweredPair): Difference[] {
  const { a, b } = coreOf(pair, "vary");
  if (normalNames(a) === normalNames(b)) return [];
  return [drift("VARY_DRIFT", "warn", "vary", a, b)];
}

/** Field names without regard to order, case and repetition. */
function normalNames(value: string | undefined): string {
  return joinSorted(splitList(value).map((name) => name.toLowerCase()));
}

function diffLocation(pair: AnsweredPair): Difference[] {
  const { a, b } = coreOf(pair, "location");
  return a === b ? [] : [drift("LOCATION_DRIFT", "warn", "location", a, b)];
}

function diffContentType(pair: AnsweredPair): Difference[] {
  const { a, b } = coreOf(pair, "content-type");
  if (mediaTypeOf(a) === mediaTypeOf(b)) return [];
  const major = (value: string | undefined) => mediaTypeOf(value)?.split("/")[0];
  const critical = a !== undefined && b !== undefined && major(a) !== major(b);
  return [drift("CONTENT_TYPE_DRIFT", critical ? "critical" : "warn", "content-type", a, b)];
}

/** The type and subtype of a Content-Type; parameters such as the charset do not count. */
export function mediaTypeOf(value: string | undefined): string | undefined {
  return value?.split(";", 1)[0]?.trim().toLowerCase();
}

function coreOf({ left, right }: AnsweredPair, name: CoreHeader) {
  return { a: left.response.headers.core[name], b: right.response.headers.core[name] };
}

function drift(
  code: FindingCode,
  severity: Severity,
  name: CoreHeader,
  left: string | undefined,
  right: string | undefined,
): Difference {
  const missing = left === undefined ? "left" : "right";
  const message =
    left === undefined || right === undefined
      ? `${name} is missing on the ${missing} side.`
      : `${name} differs.`;
  return { code, severity, section: "headers", keys: [name], message, left, right };
}

function splitList(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function joinSorted(parts: readonly string[]): string {
  return [...new Set(parts)].toSorted().join(",");
}
