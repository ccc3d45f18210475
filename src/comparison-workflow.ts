/** ComparisonWorkflow: the Workflow of one comparison. It wires the steps to their effects and decides nothing itself. */

import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { canConnect } from "#features/comparison/connection.ts";
import type { ExplanationProvider } from "#features/comparison/explanation.ts";
import { runComparison, type ComparisonJob } from "#features/comparison/orchestration.ts";
import { probe, PROBE_BUDGET_MS } from "#features/comparison/probe.ts";
import { ruleExplainer } from "#features/comparison/rule-explainer.ts";
import { openWorkersAi, type TextModel } from "#features/comparison/workers-ai.ts";
import { openFeatureStreams } from "#features/streams.ts";
import { loadConfig } from "./config.ts";

export class ComparisonWorkflow extends WorkflowEntrypoint<Env, ComparisonJob> {
  override async run(
    { payload }: Readonly<WorkflowEvent<ComparisonJob>>,
    step: WorkflowStep,
  ): Promise<string> {
    const { compareAllowedHosts } = loadConfig(this.env);
    return runComparison(payload, {
      step,
      streams: openFeatureStreams(this.env.STREAMS),
      probe: (url) =>
        probe(url, {
          fetch: (address, init) => fetch(address, init),
          now: () => Date.now(),
          canConnect,
          allowed: compareAllowedHosts,
          budgetMs: PROBE_BUDGET_MS,
        }),
      explainer: openExplainer(this.env),
      now: () => Date.now(),
    });
  }
}

/** Workers AI where the deployment binds it as `AI`; it is no part of the configuration that is checked in. */
function openExplainer(env: Env & { readonly AI?: TextModel }): ExplanationProvider {
  return env.AI === undefined ? ruleExplainer : openWorkersAi(env.AI);
}
