/** The server with the feature of docs/features.md in the place of its own. */

import { indexFeatures, type FeatureIndex } from "#features/installed.ts";
import { createHandler } from "../../src/serve.ts";
import { StreamObject as Base } from "../../src/stream-object.ts";
import { counter } from "./counter.ts";

const INDEX = indexFeatures([counter]);

export class StreamObject extends Base {
  protected override get features(): FeatureIndex {
    return INDEX;
  }
}

export default createHandler([counter]);
