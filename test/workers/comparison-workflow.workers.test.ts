/** The Workflow of a comparison inside workerd: steps that fail for good, and a language model behind a binding. */

import { introspectWorkflow, listDurableObjectIds } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { StatusReport } from "#features/comparison/commands.ts";
import { comparisonRoutes } from "#features/comparison/routes.ts";

const target = `http://${inject("probeTarget")}`;

async function startComparison(query: string): Promise<string> {
  const answer = await exports.default.fetch("http://headwater.test/api/compare", {
    method: "POST",
    body: JSON.stringify({ leftUrl: `${target}/ok?${query}`, rightUrl: `${target}/ok` }),
  });
  expect(answer.status).toBe(202);
  await answer.body?.cancel();
  return new URL(answer.headers.get("Location") ?? "", "http://headwater.test").href;
}

async function untilEnded(url: string): Promise<StatusReport> {
  for (;;) {
    const report = await (await exports.default.fetch(url)).json<StatusReport>();
    if (report.status === "completed" || report.status === "failed") return report;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("a comparison whose step fails for good", () => {
  async function compareWithout(step: string): Promise<StatusReport> {
    await using introspector = await introspectWorkflow(env.COMPARISONS);
    await introspector.modifyAll(async (modifier) => {
      await modifier.disableRetryDelays();
      await modifier.mockStepError({ name: step }, new Error("The step was made to fail."));
    });
    // The introspector goes with this function: the end is waited for in here.
    return await untilEnded(await startComparison(`without=${step.replace(" ", "-")}`));
  }

  it.each(["probe left", "diff"])("fails, whichever it is: %s", async (step) => {
    expect(await compareWithout(step)).toEqual({
      status: "failed",
      error: {
        code: "internal_error",
        message: "The comparison failed inside the server: start another.",
      },
    });
  });

  it("completes without its pair's history", async () => {
    expect((await compareWithout("history")).status).toBe("completed");
  });
});

interface LanguageModel {
  callsOf(word: string): Promise<number[]>;
}

describe("the explanation", () => {
  const reports = new Map<string, StatusReport>();

  async function compare(word: string): Promise<void> {
    reports.set(word, await untilEnded(await startComparison(word)));
  }

  beforeAll(async () => {
    // Those that are tried again take six seconds: all at once.
    await Promise.all(["model-good", "model-flaky", "model-down", "model-vague"].map(compare));
  });

  it("is the model's where one is bound", () => {
    expect(reports.get("model-good")?.result).toMatchObject({
      explainedBy: "workers-ai",
      explanation: { summary: "Written by the model." },
    });
    expect(reports.get("model-good")?.result?.findings).toContainEqual(
      expect.objectContaining({ code: "FINAL_URL_MISMATCH", severity: "warn" }),
    );
  });

  it("is asked for three times, after two and four seconds", async () => {
    expect(reports.get("model-flaky")?.result?.explainedBy).toBe("workers-ai");
    const { AI: model } = env as unknown as { AI: LanguageModel };
    const [first = 0, second = 0, third = 0, ...more] = await model.callsOf("model-flaky");
    expect(more).toEqual([]);
    expect(second - first).toBeGreaterThanOrEqual(1_990);
    expect(third - second).toBeGreaterThanOrEqual(3_990);
    // The pause doubles once, and not twice: what a busy machine adds to it is less than the pause itself.
    expect(third - second).toBeLessThan(7_990);
  });

  it.each(["model-down", "model-vague"])(
    "is that of the rules, and says so, when the model fails three times: %s",
    async (word) => {
      const report = reports.get(word);
      expect(report?.status).toBe("completed");
      expect(report?.result?.explainedBy).toBe("rules");
      expect(report?.result?.explanation.notes).toContain("no valid answer in three attempts");
      const { AI: model } = env as unknown as { AI: LanguageModel };
      expect(await model.callsOf(word)).toHaveLength(3);
    },
  );
});

describe("an id of another shape", () => {
  it("is refused before any object is woken", async () => {
    const before = await listDurableObjectIds(env.STREAMS);
    for (const id of ["x", "0".repeat(77), `${"0".repeat(40)}-${"0".repeat(36)}`]) {
      for (const suffix of ["", "/history"]) {
        const url = `http://headwater.test/api/compare/${id}${suffix}`;
        expect((await exports.default.fetch(url)).status).toBe(400);
      }
    }
    expect(await listDurableObjectIds(env.STREAMS)).toHaveLength(before.length);
    // The same question about an id of the right shape does wake one.
    const unknown = `${"0".repeat(40)}-${crypto.randomUUID()}`;
    const url = `http://headwater.test/api/compare/${unknown}`;
    expect((await exports.default.fetch(url)).status).toBe(404);
    expect(await listDurableObjectIds(env.STREAMS)).toHaveLength(before.length + 1);
  });
});

describe("the way through Cloudflare", () => {
  it("is what the request says, with the data centre that answered", async () => {
    const answer = await exports.default.fetch("http://headwater.test/api/compare", {
      method: "POST",
      body: JSON.stringify({ leftUrl: `${target}/ray`, rightUrl: `${target}/empty` }),
      cf: { colo: "FRA", country: "DE", asn: 13335, clientTcpRtt: 5 },
    });
    await answer.body?.cancel();
    const url = new URL(answer.headers.get("Location") ?? "", "http://headwater.test").href;
    const { result } = await untilEnded(url);
    expect(result?.left.cf).toEqual({ colo: "AMS", country: "DE", asn: 13335 });
    expect(result?.right.cf).toEqual({ colo: "FRA", country: "DE", asn: 13335 });
    expect(result?.findings).toContainEqual(
      expect.objectContaining({ id: "CF_CONTEXT_DRIFT:cf:colo" }),
    );
  });
});

describe("the demo", () => {
  it("is served where a host is open, and nowhere else", () => {
    const paths = (hosts: string[]) =>
      comparisonRoutes({ compareAllowedHosts: new Set(hosts) }).map(({ path }) => path);
    expect(paths(["127.0.0.1:80"])).toContain("/demo/staging");
    expect(paths([]).filter((path) => path.startsWith("/demo"))).toEqual([]);
  });
});
