/** All servers that are wrong on purpose and that the requirement suite must find. */

import type { Mutant } from "./edit.ts";
import { liveReads } from "./live.ts";
import { reading } from "./reading.ts";
import { writing } from "./writing.ts";

export const MUTANTS: readonly Mutant[] = [...writing, ...reading, ...liveReads];
