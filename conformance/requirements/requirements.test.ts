/** Our server keeps every requirement, in both acknowledgement modes. */

import { beforeAll, describe, expect, inject, it } from "vitest";
import { explain, type TestResult } from "../harness/result.ts";
import { runTests } from "../harness/run.ts";
import { listTests, REQUIREMENTS } from "./catalogue.ts";

const { journal, d1, longPollTimeoutMs, sseDurationMs } = inject("servers");

describe.each([
  ["journal", journal],
  ["d1", d1],
])("requirements, ACK_MODE=%s", (_, url) => {
  let results: readonly TestResult[];

  beforeAll(async () => {
    results = await runTests(listTests(), {
      url,
      longPollTimeoutMs,
      sseDurationMs,
      concurrency: 16,
    });
  }, 300_000);

  it.each(listTests())("$name", ({ name }) => {
    const result = results.find((one) => one.name === name);
    if (result?.status !== "passed") expect.fail(explain(result));
  });
});

describe("the catalogue", () => {
  it("names every requirement once, with a section, a text and a test", () => {
    const ids = REQUIREMENTS.map((requirement) => requirement.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, text, tests } of REQUIREMENTS) {
      expect(id).toMatch(/^\d+(\.\d+)*-\d\d$/);
      expect(text, id).toMatch(/^.{20,}\.$/);
      expect(Object.keys(tests), id).not.toEqual([]);
    }
  });

  it("gives every test a name of its own", () => {
    const names = listTests().map((test) => test.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
