/** What is deployed has no fault points. */

import { expect, it } from "vitest";
import { bundle, type Bundle } from "../../scripts/server.ts";

const TRACES = ["__faults", "crossNow", "A test ends this object", "test/faults"];

/** Without the source map, which names files and is base64. */
const codeOf = ({ script }: Bundle) => script.replace(/^\/\/# sourceMappingURL=.*$/m, "");

it("the production bundle holds no trace of the fault points", async () => {
  const code = codeOf(await bundle());
  expect(TRACES.filter((trace) => code.includes(trace))).toEqual([]);
});

it("the same look finds every trace in the Worker of the fault tests", async () => {
  const code = codeOf(await bundle("test/faults/worker/index.ts"));
  expect(TRACES.filter((trace) => !code.includes(trace))).toEqual([]);
});
