/** The Worker's entry: the classes and the handler that the platform looks for. */

import { INSTALLED } from "#features/installed.ts";
import { createHandler } from "./serve.ts";

export { ComparisonWorkflow } from "./comparison-workflow.ts";
export { StreamObject } from "./stream-object.ts";

export default createHandler(INSTALLED);
