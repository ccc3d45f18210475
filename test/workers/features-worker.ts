/** The server with features of the tests in the place of its own. */

import { indexFeatures, type FeatureIndex } from "#features/installed.ts";
import { createHandler } from "../../src/serve.ts";
import { StreamObject as Base } from "../../src/stream-object.ts";
import { counter } from "./counter.ts";
import { ring } from "./ring.ts";

const FEATURES = [counter, ring];
const INDEX = indexFeatures(FEATURES);

export class StreamObject extends Base {
  protected override get features(): FeatureIndex {
    return INDEX;
  }
}

export default createHandler(FEATURES);
