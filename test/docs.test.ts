/** The documentation against the code: tables that list what the code lists, links that lead somewhere, and the tour. */

import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { DELTAS } from "../conformance/differential/deltas.ts";
import { formatTestName } from "../conformance/harness/requirement.ts";
import { renderMatrix } from "../conformance/report/matrix.ts";
import { toRequirementResults } from "../conformance/report/requirement-results.ts";
import { REQUIREMENTS } from "../conformance/requirements/catalogue.ts";
import { VARIABLES } from "../src/config.ts";
import { FINDING_CODES } from "../src/features/comparison/finding.ts";
import { PROBE_ERROR_CODES } from "../src/features/comparison/signal-envelope.ts";
import { COMPARISON_STATUS } from "../src/features/comparison/refusals.ts";
import { KIT_STATUS } from "../src/features/refusal.ts";
import { TICKETS_STATUS } from "../src/features/tickets/refusal.ts";
import { STATUS } from "../src/http/status.ts";
import { servePatiently } from "./http/patient.ts";

const ROOT = join(import.meta.dirname, "..");
const readme = read("README.md");

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The rows of the tables whose first cell is a name in backticks. */
function rows(markdown: string): string[][] {
  return [...markdown.matchAll(/^\| `.*\|$/gm)].map(([line]) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("README.md", () => {
  it("lists every variable with its unit, default and range", () => {
    const listed = rows(readme)
      .filter(([name]) => /^`[A-Z_]+`$/.test(name ?? ""))
      .map(([name, , unit, value, range]) => [name, unit, value, range]);
    const expected = Object.entries(VARIABLES).map(([name, v]) => {
      if (v.kind === "choice") return [`\`${name}\``, "", v.choices[0], v.choices.join(", ")];
      if (v.kind === "text") return [`\`${name}\``, "", v.default, v.rule];
      return [`\`${name}\``, v.unit, String(v.default), `${v.min}–${v.max}`];
    });
    expect(listed).toEqual(expected);
  });
});

describe("the tour of README.md", () => {
  // Its reader waits until an append comes, a second later.
  const server = servePatiently("journal");

  it("works as written, line by line", async () => {
    const lines = [...readme.matchAll(/```sh tour\n(.*?)```/gs)].map(([, block]) => block).join("");
    const script = `set -e\n${lines}`.replaceAll("http://127.0.0.1:4437", server());
    // Fails with the script.
    const { stdout } = await promisify(execFile)("bash", ["-c", script]);
    for (const line of [
      '[{"text":"hello"},{"text":"how"},{"text":"are you?"}]',
      '[{"text":"how"},{"text":"are you?"}]',
      '[{"text":"hello"},{"text":"how"}]',
      '[{"text":"are you?"}]',
      '[{"text":"how"}]',
      '[{"text":"fine"}]',
      '[{"text":"hello"},{"text":"goodbye"}]',
      '[{"text":"hello"},{"text":"how"}]',
      '["new"]',
      "Stream-Earliest-Offset: 0000000000000001_0000000000000005",
      "Producer-Expected-Seq: 1",
      "Stream-Next-Offset: 0000000000000001_0000000000000022",
      "Stream-Closed: true",
      '{"valid":true,',
      '{"valid":false,"reason":"duplicate",',
      '"totalTickets":2,"activatedTickets":1,"validatedTickets":1,"rejectedScans":1,"byType":{"adult":2}',
      '"type":"ticket.scan_rejected"',
      '"severity":"critical","section":"body","keys":["bodyHash"],"message":"The bodies differ."',
      '"severity":"warn","section":"headers","keys":["cache-control"],"message":"cache-control differs."',
    ]) {
      expect(stdout).toContain(line);
    }
    const codes = [...stdout.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
    expect(codes).toEqual(["offset_gone", "producer_gap", "precondition_failed", "stream_closed"]);
  });
});

describe("docs/errors.md", () => {
  it("lists every code with its status, and no other", () => {
    const listed = rows(read("docs/errors.md")).map(([code, status]) => [
      code?.replaceAll("`", ""),
      Number(status),
    ]);
    const codes = [STATUS, KIT_STATUS, TICKETS_STATUS, COMPARISON_STATUS].flatMap((statuses) =>
      Object.entries(statuses),
    );
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(codes));
    // No two lists have a code in common, and none is listed twice.
    expect(listed).toHaveLength(codes.length);
  });
});

describe("docs/features.md", () => {
  it("shows the feature that the tests serve, whole and as it is", () => {
    const [, shown] = /```ts\n(.*?)```/s.exec(read("docs/features.md")) ?? [];
    expect(shown).toBe(read("test/workers/counter.ts"));
  });
});

describe("docs/durability.md", () => {
  it("names tests that exist, for every promise", () => {
    const [, promises = ""] = read("docs/durability.md").split(/^## What is promised$/m);
    const [table = ""] = promises.split(/^## /m);
    const cells = [...table.matchAll(/^\| (?!-|promise)(.*?) +\| (.*?) +\|$/gm)];
    expect(cells.length).toBeGreaterThan(20);
    for (const [, promise, test = ""] of cells) {
      const [, file = "", name = ""] = /^`(\S+\.test\.ts)`: (.+)$/.exec(test) ?? [];
      expect(file, promise).not.toBe("");
      expect(read(file), promise).toContain(name);
    }
  });
});

describe("docs/comparison.md", () => {
  it("lists every finding and every reason of a probe without an answer, and no other", () => {
    const listed = rows(read("docs/comparison.md")).map(
      ([name]) => name?.replaceAll("`", "") ?? "",
    );
    expect(listed.filter((name) => /^[A-Z_]+$/.test(name))).toEqual(FINDING_CODES);
    expect(listed.filter((name) => /^[a-z_]+$/.test(name))).toEqual(PROBE_ERROR_CODES);
  });
});

describe("links", () => {
  it.each(["README.md", ...globSync("docs/**/*.md", { cwd: ROOT })])(
    "of %s lead somewhere",
    (file) => {
      for (const [, target = ""] of read(file).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(existsSync(join(ROOT, dirname(file), target)), target).toBe(true);
      }
    },
  );
});

describe("docs/conformance.md", () => {
  it("is what a run gives in which every test passes, in both modes", () => {
    const passed = (name: string) => ({ name, status: "passed" as const, seconds: 0 });
    const own = REQUIREMENTS.flatMap(({ id, tests }) =>
      Object.keys(tests).map((name) => passed(formatTestName(id, name))),
    );
    const official = REQUIREMENTS.flatMap((requirement) => requirement.official ?? []).map(passed);
    const results = toRequirementResults(REQUIREMENTS, own, official);
    const modes = ["journal", "d1"].map((name) => ({ name, results }));
    // Written by `npm run conformance:docs`.
    expect(read("docs/conformance.md")).toBe(renderMatrix({ modes, deltas: DELTAS }));
  });
});
