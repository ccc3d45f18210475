/** The steps that the model test draws. They say what to do in terms of the stream that is there when they run. */

import * as fc from "fast-check";
import type { Kind } from "./content.ts";

export const PATHS = ["a", "b", "c", "d"] as const;
export type PathName = (typeof PATHS)[number];

/** The body to be: one message or append for every size, of about that many bytes. */
export interface Payload {
  readonly seed: number;
  readonly sizes: readonly number[];
  /** A single JSON message is sent as an array of one, not bare. */
  readonly wrapped: boolean;
}

/** Relative to what the stream knows of the producer. */
export type ProducerMode = "next" | "duplicate" | "gap" | "stale" | "new epoch" | "bad epoch";

export interface ProducerSpec {
  readonly id: "p" | "q";
  readonly mode: ProducerMode;
}

/** Where to read or fork: `seen` and `stale` choose among the tokens of this and of earlier incarnations. */
export interface Spot {
  readonly kind: "start" | "now" | "seen" | "stale" | "none";
  readonly index: number;
}

export type Step =
  | {
      readonly op: "create";
      readonly path: PathName;
      readonly kind: Kind;
      readonly payload: Payload | undefined;
      readonly closed: boolean;
    }
  | {
      readonly op: "append";
      readonly path: PathName;
      readonly payload: Payload | undefined;
      readonly close: boolean;
      readonly producer: ProducerSpec | undefined;
      readonly seq: "next" | "same" | "lower" | undefined;
      readonly wrongType: boolean;
    }
  | {
      readonly op: "fork";
      readonly path: PathName;
      readonly source: PathName;
      readonly at: Spot;
      readonly sub: number;
      readonly kind: Kind | undefined;
      readonly payload: Payload | undefined;
      readonly closed: boolean;
    }
  | { readonly op: "read"; readonly path: PathName; readonly from: Spot }
  | { readonly op: "trim"; readonly path: PathName; readonly before: Spot }
  | {
      readonly op: "flush" | "compact";
      readonly path: PathName;
      /** Otherwise the next steps come while it is under way. */
      readonly wait: boolean;
    }
  | { readonly op: "head" | "delete" | "restart"; readonly path: PathName };

// Much happens to few streams: what needs a history is reached.
const path = fc.constantFrom<PathName>("a", "a", "a", "a", "b", "b", "c", "d");
const kind = fc.constantFrom<Kind>("json", "text", "bytes");
const rarely = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 4, arbitrary: fc.integer({ min: 41, max: 5_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5_001, max: 200_000 }) },
);

const payload: fc.Arbitrary<Payload> = fc.record({
  seed: fc.nat(),
  sizes: fc.oneof(
    { weight: 5, arbitrary: size.map((n) => [n]) },
    { weight: 3, arbitrary: fc.array(size, { maxLength: 6 }) },
  ),
  wrapped: fc.boolean(),
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight: number, absent = 1) =>
  fc.oneof({ weight, arbitrary }, { weight: absent, arbitrary: fc.constant(undefined) });

const producer = fc.record({
  id: fc.constantFrom("p" as const, "q" as const),
  mode: fc.oneof(
    { weight: 6, arbitrary: fc.constant("next" as const) },
    {
      weight: 4,
      arbitrary: fc.constantFrom<ProducerMode>(
        "duplicate",
        "gap",
        "stale",
        "new epoch",
        "bad epoch",
      ),
    },
  ),
});

const spot = (...kinds: [Spot["kind"], ...Spot["kind"][]]) =>
  fc.record({ kind: fc.constantFrom(...kinds), index: fc.nat(1_000) });

const create = fc.record({
  op: fc.constant("create" as const),
  path,
  kind,
  payload: maybe(payload, 3),
  closed: rarely(8),
});

const append = fc.record({
  op: fc.constant("append" as const),
  path,
  payload: maybe(payload, 12),
  close: rarely(12),
  producer: maybe(producer, 1),
  seq: maybe(
    fc.constantFrom("next" as const, "next" as const, "same" as const, "lower" as const),
    1,
  ),
  wrongType: rarely(25),
});

const fork = fc.record({
  op: fc.constant("fork" as const),
  path,
  source: path,
  at: spot("none", "seen", "seen", "seen", "stale"),
  sub: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 6 }) },
    { weight: 1, arbitrary: fc.integer({ min: 7, max: 5_000 }) },
  ),
  kind: maybe(kind, 1, 5),
  payload: maybe(payload, 1, 2),
  closed: rarely(8),
});

const read = fc.record({
  op: fc.constant("read" as const),
  path,
  from: spot("start", "start", "now", "seen", "seen", "seen", "stale"),
});

const trim = fc.record({
  op: fc.constant("trim" as const),
  path,
  before: spot("now", "start", "seen", "seen", "seen", "seen", "seen", "seen", "stale"),
});

const plain = <T extends "head" | "delete" | "restart">(op: T) =>
  fc.record({ op: fc.constant(op), path });

const move = <T extends "flush" | "compact">(op: T) =>
  fc.record({ op: fc.constant(op), path, wait: fc.boolean() });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: create },
  { weight: 18, arbitrary: append },
  { weight: 6, arbitrary: fork },
  { weight: 9, arbitrary: read },
  { weight: 4, arbitrary: trim },
  { weight: 2, arbitrary: plain("head") },
  { weight: 4, arbitrary: plain("delete") },
  { weight: 4, arbitrary: move("flush") },
  { weight: 4, arbitrary: move("compact") },
  { weight: 4, arbitrary: plain("restart") },
);

/** A script begins with streams: without them most steps would only be answered 404. */
export const script: fc.Arbitrary<Step[]> = fc
  .tuple(kind, kind, payload, fc.array(step, { minLength: 10, maxLength: 60, size: "max" }))
  .map(([first, second, initial, steps]) => [
    { op: "create", path: "a", kind: first, payload: initial, closed: false },
    { op: "create", path: "b", kind: second, payload: undefined, closed: false },
    ...steps,
  ]);
