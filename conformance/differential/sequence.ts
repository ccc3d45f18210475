/**
 * Runs one sequence on two servers in step and compares what they answer.
 *
 * Offsets are compared by order and by what they read: for every path the pairs of tokens are kept that both servers
 * gave at the same place; their order must agree, and in the end both servers must read the same from each pair.
 *
 * Where a delta says that the servers' states went apart, the comparison of that path, and of its forks, ends.
 */

import { randomBytes } from "node:crypto";
import type { Session } from "../harness/client.ts";
import { findDelta, type Delta } from "./deltas.ts";
import type { Difference, Pair, Side } from "./difference.ts";
import type { Observation } from "./observe.ts";
import { PATHS, type OffsetName, type Operation } from "./operations.ts";
import { perform, type PathState, type Performed } from "./perform.ts";

export type Servers = Readonly<Record<Side, Session>>;

interface Outcome {
  /** The first difference that no delta explains. */
  readonly difference: Difference | undefined;
  /** The deltas that were met on the way, as often as they were. */
  readonly deltas: readonly Delta["id"][];
}

const RUN = randomBytes(6).toString("hex");
let sequencesRun = 0;

export async function runSequence(
  operations: readonly Operation[],
  servers: Servers,
): Promise<Outcome> {
  sequencesRun += 1;
  const run = new Run(servers, `/v1/stream/differential/${RUN}/${sequencesRun}`);
  for (const [step, operation] of operations.entries()) {
    const difference = await run.step(step, operation);
    if (difference !== undefined) return { difference, deltas: run.deltas };
  }
  return { difference: await run.readEverything(operations.length), deltas: run.deltas };
}

class Run {
  readonly deltas: Delta["id"][] = [];
  readonly #servers: Servers;
  readonly #base: string;
  readonly #paths: readonly PathState[];

  constructor(servers: Servers, base: string) {
    this.#servers = servers;
    this.#base = base;
    this.#paths = Array.from({ length: PATHS }, () => ({
      offsets: [],
      etags: [],
      recreated: false,
      apart: false,
    }));
  }

  /** @returns a difference that no delta explains */
  async step(step: number, operation: Operation): Promise<Difference | undefined> {
    const state = this.#state(operation.path);
    const source = operation.kind === "fork" ? this.#state(operation.source) : state;
    if (state.apart || source.apart) {
      state.apart = true;
      return undefined;
    }
    const [ours, theirs] = await Promise.all([
      this.#perform(operation, "ours"),
      this.#perform(operation, "theirs"),
    ]);
    const { recreated } = state;
    const observed = { ours: ours.observation, theirs: theirs.observation };
    const context = { step, operation, recreated, observed };
    const differences = compare(observed).map((one) => ({ ...one, ...context }));
    const unexplained = this.#explain(differences, state);
    // A fork that only one server made also holds its source there.
    source.apart ||= state.apart;
    if (unexplained !== undefined || state.apart) return unexplained;
    const disorder = remember(state, operation, ours, theirs);
    if (disorder === undefined) return undefined;
    return this.#explain([{ ...disorder, ...context, field: "order" }], state);
  }

  /** Reads from all known offsets of all paths. */
  async readEverything(step: number): Promise<Difference | undefined> {
    for (const [path, { offsets }] of this.#paths.entries()) {
      const known = offsets.length;
      for (let n = 0; n < known; n += 1) {
        const from: OffsetName = { kind: "seen", n };
        const difference = await this.step(step, { kind: "read", path, from, etag: null });
        if (difference !== undefined) return difference;
      }
    }
    return undefined;
  }

  #explain(differences: readonly Difference[], state: PathState): Difference | undefined {
    for (const difference of differences) {
      const delta = findDelta(difference);
      if (delta === undefined) return difference;
      this.deltas.push(delta.id);
      state.apart ||= delta.diverges;
    }
    return undefined;
  }

  #perform(operation: Operation, side: Side): Promise<Performed> {
    const place = { side, session: this.#servers[side], base: this.#base, paths: this.#paths };
    return perform(operation, place);
  }

  #state(path: number): PathState {
    const state = this.#paths[path];
    if (state === undefined) throw new RangeError(`There is no path ${path}.`);
    return state;
  }
}

/**
 * Keeps the tokens that an operation gave.
 *
 * @returns two offsets whose order differs between the servers, if the new one makes such a pair
 */
function remember(
  state: PathState,
  operation: Operation,
  ours: Performed,
  theirs: Performed,
): Pair | undefined {
  if (operation.kind === "delete" && ours.observation["status"] === "204") {
    // The offsets of a stream that is gone mean nothing for the next one at its path; its ETags must not match.
    state.offsets.length = 0;
    state.recreated = true;
    return undefined;
  }
  if (ours.etag !== "" && theirs.etag !== "") {
    state.etags.push({ ours: ours.etag, theirs: theirs.etag });
  }
  if (ours.offset === "" || theirs.offset === "") return undefined;
  const pair = { ours: ours.offset, theirs: theirs.offset };
  const disorder = findDisorder(state.offsets, pair);
  if (disorder === undefined) state.offsets.push(pair);
  return disorder;
}

/** Every field in which two observations differ. Answers of different status have nothing else to compare. */
function compare({ ours, theirs }: Readonly<Record<Side, Observation>>) {
  const isSame = ours["status"] === theirs["status"];
  const fields = isSame ? new Set([...Object.keys(ours), ...Object.keys(theirs)]) : ["status"];
  return [...fields]
    .filter((field) => ours[field] !== theirs[field])
    .map((field) => ({
      field,
      ours: ours[field] ?? "(absent)",
      theirs: theirs[field] ?? "(absent)",
    }));
}

/** A known pair to which a new one stands in another order on one server than on the other. */
function findDisorder(known: readonly Pair[], added: Pair): Pair | undefined {
  const wrong = known.find(
    ({ ours, theirs }) => order(added.ours, ours) !== order(added.theirs, theirs),
  );
  if (wrong === undefined) return undefined;
  return {
    ours: `${added.ours} against ${wrong.ours}`,
    theirs: `${added.theirs} against ${wrong.theirs}`,
  };
}

/** As the protocol sorts offsets: byte by byte. */
function order(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
