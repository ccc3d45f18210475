/**
 * A probe: one GET, redirects followed by hand so that the guard sees every hop, and what came back.
 *
 * A probe never throws: whatever keeps it from an answer is a result too.
 */

import { parseUrl, type NormalizedUrl } from "./normalized-url.ts";
import { readBodySignal } from "./body-signal.ts";
import { parseColo } from "./cf-context.ts";
import { describeNetworkError, type CanConnect } from "./network-error.ts";
import {
  ACCESS_CONTROL_HEADERS_MAX,
  CORE_HEADERS,
  HEADER_LENGTH_MAX,
  HEADER_NAME_LENGTH_MAX,
  REDIRECTS_MAX,
  type ProbeError,
  type ProbeResponse,
  type ProbeResult,
} from "./signal-envelope.ts";
import { decideTarget, type AllowedHosts } from "./ssrf-guard.ts";

/** How long a probe may take, redirects and body included. */
export const PROBE_BUDGET_MS = 9_000;

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const REQUEST_HEADERS = { accept: "*/*", "user-agent": "Headwater-Comparison/1" };
const HTTP_ERROR_MIN = 400;

/** The way of a probe so far. */
interface Trail {
  /** The hop that is being asked. */
  url: NormalizedUrl;
  readonly redirects: { status: number; from: string; to: string }[];
}

export interface ProbeEffects {
  /** Sends one request and does not follow redirects. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since any fixed time. */
  readonly now: () => number;
  readonly canConnect: CanConnect;
  readonly allowed: AllowedHosts;
  readonly budgetMs: number;
}

export interface Probed {
  readonly result: ProbeResult;
  /** The Cloudflare data centre that answered, where the answer came through one. */
  readonly colo: string | undefined;
}

/** Probes a URL within the budget. */
export async function probe(target: NormalizedUrl, effects: ProbeEffects): Promise<Probed> {
  const startedMs = effects.now();
  const elapsedMs = () => Math.max(0, effects.now() - startedMs);
  const fail = (error: ProbeError): Probed => ({
    result: { ok: false, error, durationMs: elapsedMs() },
    colo: undefined,
  });
  const trail: Trail = { url: target, redirects: [] };
  try {
    const answer = await follow(trail, AbortSignal.timeout(effects.budgetMs), effects);
    if (!(answer instanceof Response)) return fail(answer);
    const response = await describeResponse(answer, trail.url);
    const seen = { response, redirects: trail.redirects, durationMs: elapsedMs() };
    return {
      result: response.status < HTTP_ERROR_MIN ? { ok: true, ...seen } : { ok: false, ...seen },
      colo: parseColo(answer.headers.get("cf-ray")),
    };
  } catch (error) {
    const { budgetMs, canConnect } = effects;
    return fail(await describeNetworkError(error, trail.url, budgetMs, canConnect));
  }
}

/** Asks hop after hop, until one is no redirect. */
async function follow(
  trail: Trail,
  signal: AbortSignal,
  { fetch: send, allowed }: ProbeEffects,
): Promise<Response | ProbeError> {
  const visited = new Set<string>();
  for (;;) {
    const { url, redirects } = trail;
    const blocked = decideTarget(url, allowed);
    if (blocked !== undefined) return { code: "ssrf_blocked", message: blocked };
    visited.add(url);
    // A hop is known from the answer before it: they cannot be asked at the same time.
    // oxlint-disable-next-line eslint/no-await-in-loop
    const answer = await send(url, { redirect: "manual", signal, headers: REQUEST_HEADERS });
    if (!REDIRECT_STATUSES.has(answer.status)) return answer;
    // oxlint-disable-next-line eslint/no-await-in-loop -- as above
    await answer.body?.cancel();
    const next = nextHop(answer, url, visited, redirects.length);
    if (typeof next !== "string") return next;
    redirects.push({ status: answer.status, from: url, to: next });
    trail.url = next;
  }
}

function nextHop(
  answer: Response,
  url: NormalizedUrl,
  visited: ReadonlySet<string>,
  followed: number,
): NormalizedUrl | ProbeError {
  const location = answer.headers.get("location");
  if (location === null) {
    return fetchError(`${url} answered ${answer.status} without a Location.`);
  }
  const next = parseUrl(location, url);
  if (next === undefined) {
    const message = `${url} redirects to something that is no URL, or too long a one.`;
    return { code: "invalid_url", message: cut(message) };
  }
  if (visited.has(next)) return fetchError(`The redirects go round in a circle at ${next}.`);
  if (followed >= REDIRECTS_MAX)
    return fetchError(`There are more than ${REDIRECTS_MAX} redirects.`);
  return next;
}

async function describeResponse(answer: Response, finalUrl: NormalizedUrl): Promise<ProbeResponse> {
  const { contentLength, bodyHash } = await readBodySignal(answer);
  return {
    status: answer.status,
    finalUrl,
    headers: pickHeaders(answer.headers),
    ...(contentLength === undefined ? {} : { contentLength }),
    ...(bodyHash === undefined ? {} : { bodyHash }),
  };
}

function pickHeaders(headers: Headers): ProbeResponse["headers"] {
  const core: ProbeResponse["headers"]["core"] = {};
  for (const name of CORE_HEADERS) {
    const value = headers.get(name);
    if (value !== null) core[name] = value.slice(0, HEADER_LENGTH_MAX);
  }
  const accessControl = [...headers]
    .filter(([name]) => name.startsWith("access-control-") && name.length <= HEADER_NAME_LENGTH_MAX)
    .slice(0, ACCESS_CONTROL_HEADERS_MAX)
    .map(([name, value]) => [name, value.slice(0, HEADER_LENGTH_MAX)] as const);
  return accessControl.length === 0
    ? { core }
    : { core, accessControl: Object.fromEntries(accessControl) };
}

function fetchError(message: string): ProbeError {
  return { code: "fetch_error", message: cut(message) };
}

function cut(message: string): string {
  return message.slice(0, 1_024);
}
