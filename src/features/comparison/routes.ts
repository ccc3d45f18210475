/** The HTTP routes of the comparison. */

import * as v from "valibot";
import { fromRefusal } from "#features/refusal.ts";
import { route, type Route, type RouteReply } from "#features/route.ts";
import { formatStreamPath } from "#protocol/path.ts";
import { streamPath } from "#features/streams.ts";
import { createComparison, readHistory, readStatus } from "./commands.ts";
import { demoRoutes } from "./demo.ts";
import { OutcomeSchema, SubjectSchema } from "./events.ts";
import { FINDING_CODES, SEVERITIES } from "./finding.ts";
import { COMPARISON_ID_PATTERN, formatPairPath, parseComparisonId } from "./ids.ts";
import type { ComparisonJob } from "./orchestration.ts";
import { parseCfContext } from "./cf-context.ts";
import { UNKNOWN_COMPARISON } from "./refusals.ts";
import { KEPT_MAX } from "./runs.ts";
import { ProbeErrorSchema, SignalEnvelopeSchema } from "./signal-envelope.ts";
import { CompareSchema, parseSubject } from "./subject.ts";
import type { AllowedHosts } from "./ssrf-guard.ts";

/** What the routes need of the configuration. */
export interface ComparisonSettings {
  readonly compareAllowedHosts: AllowedHosts;
}

/** The part of the Workflow binding that is used. */
interface Workflows {
  create(options: { id: string; params: ComparisonJob }): Promise<unknown>;
  get(id: string): Promise<unknown>;
}

const HISTORY_DEFAULT = 10;
const RETRY_AFTER_SECONDS = 1;
const ID_MESSAGE = "Use the comparisonId that POST /api/compare answered.";
const LIMIT_MESSAGE = `limit is a whole number from 1 to ${KEPT_MAX}.`;

const Params = v.object({ id: v.pipe(v.string(), v.regex(COMPARISON_ID_PATTERN, ID_MESSAGE)) });
const HistoryQuery = v.strictObject(
  {
    limit: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^\d{1,3}$/, LIMIT_MESSAGE),
        v.transform(Number),
        v.minValue(1, LIMIT_MESSAGE),
        v.maxValue(KEPT_MAX, LIMIT_MESSAGE),
      ),
    ),
  },
  "The only parameter is limit.",
);

const { comparisonId: _comparisonId, ...SidesEntries } = SubjectSchema.entries;
const StatusAnswer = v.object({
  status: v.picklist(["queued", "running", "completed", "failed"]),
  result: v.optional(
    v.object({
      ...SidesEntries,
      ...OutcomeSchema.entries,
      left: SignalEnvelopeSchema,
      right: SignalEnvelopeSchema,
    }),
  ),
  error: v.optional(ProbeErrorSchema),
});
const HistoryAnswer = v.object({
  history: v.array(
    v.object({
      ...SubjectSchema.entries,
      createdAt: v.string(),
      completedAt: v.string(),
      maxSeverity: v.picklist(SEVERITIES),
      findingCodes: v.array(v.picklist(FINDING_CODES)),
      summary: v.string(),
    }),
  ),
});

/** @param settings the hosts that are open to probes besides the public ones; with any, the demo is served too */
export function comparisonRoutes({ compareAllowedHosts }: ComparisonSettings): readonly Route[] {
  return [
    compareRoute(compareAllowedHosts),
    statusRoute,
    historyRoute,
    ...(compareAllowedHosts.size > 0 ? demoRoutes() : []),
  ];
}

function compareRoute(allowed: AllowedHosts): Route {
  return route({
    method: "POST",
    path: "/api/compare",
    summary: "Starts a comparison of two URLs.",
    body: CompareSchema,
    idempotent: true,
    answers: {
      202: {
        description: "Started: follow the stream, or ask at Location.",
        schema: v.object({ comparisonId: v.string(), stream: v.string() }),
      },
    },
    refusals: ["invalid_url", "ssrf_blocked"],
    async run({ body, idempotencyKey, streams, env, cf }) {
      const parsed = await parseSubject(body, allowed, idempotencyKey, () => crypto.randomUUID());
      if (!parsed.ok) return parsed;
      const { subject } = parsed;
      const { comparisonId } = subject;
      // The Workflow comes first: it survives whatever happens next, and creates the comparison itself if need be.
      const job = { ...subject, cf: parseCfContext(cf) };
      if (!(await startWorkflow(env.COMPARISONS, comparisonId, job))) return NOT_STARTED;
      const path = formatPairPath(pairKeyOf(comparisonId));
      const options = { key: idempotencyKey, asked: body };
      const outcome = await streams.send(createComparison, path, subject, options);
      if (!outcome.ok) return outcome;
      return {
        ok: true,
        status: 202,
        json: { comparisonId, stream: formatStreamPath(streamPath(path)) },
        headers: { Location: `/api/compare/${comparisonId}` },
      };
    },
  });
}

const statusRoute = route({
  method: "GET",
  path: "/api/compare/{id}",
  summary: "Tells how far a comparison is, and what it has found.",
  params: Params,
  answers: { 200: { description: "The comparison.", schema: StatusAnswer } },
  refusals: ["comparison_not_found"],
  async run({ params: { id }, streams }) {
    const path = formatPairPath(pairKeyOf(id));
    const outcome = await streams.query(readStatus, path, { comparisonId: id });
    if (!outcome.ok) return outcome;
    if (outcome.answer === null) return { ok: false, refusal: UNKNOWN_COMPARISON };
    return { ok: true, status: 200, json: outcome.answer };
  },
});

const historyRoute = route({
  method: "GET",
  path: "/api/compare/{id}/history",
  summary: "Lists the completed comparisons of the same two URLs, the newest first.",
  params: Params,
  query: HistoryQuery,
  answers: { 200: { description: "The comparisons.", schema: HistoryAnswer } },
  refusals: ["comparison_not_found"],
  async run({ params: { id }, query: { limit = HISTORY_DEFAULT }, streams }) {
    const path = formatPairPath(pairKeyOf(id));
    const outcome = await streams.query(readHistory, path, { comparisonId: id, limit });
    if (!outcome.ok) return outcome;
    if (outcome.answer === null) return { ok: false, refusal: UNKNOWN_COMPARISON };
    return { ok: true, status: 200, json: { history: outcome.answer } };
  },
});

const NOT_STARTED: RouteReply = {
  ok: false,
  refusal: fromRefusal({
    code: "unavailable",
    message: "No comparison could be started at the moment: try again.",
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  }),
};

/** Starts a Workflow, or finds the one that a request with the same key has started. */
async function startWorkflow(
  workflows: Workflows,
  id: string,
  params: ComparisonJob,
): Promise<boolean> {
  try {
    await workflows.create({ id, params });
    return true;
  } catch (error) {
    try {
      await workflows.get(id);
      return true;
    } catch {
      // There is none, so that the first error is the reason.
      console.error("The Workflow could not be started.", error);
      return false;
    }
  }
}

function pairKeyOf(id: string) {
  const parsed = parseComparisonId(id);
  if (parsed === undefined) throw new Error(`${id} has passed as a comparison's id.`);
  return parsed.pairKey;
}
