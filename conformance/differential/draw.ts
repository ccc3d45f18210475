/** Draws sequences of operations: what they are made of, and how much of each. */

import * as fc from "fast-check";
import { PATHS, type Headers, type OffsetName, type Operation } from "./operations.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const BYTES = "application/octet-stream";

const path = fc.nat({ max: PATHS - 1 });
/** Mostly the types that are equal, so that sequences get somewhere. */
const type = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(TEXT, JSON_TYPE, BYTES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("TEXT/PLAIN", "application/json; charset=utf-8", "image/png", null),
  },
);
const jsonBody = fc.constantFrom(
  '{"a":1}',
  "[1,2]",
  "[[1],[2,3]]",
  '"text"',
  "null",
  "[]",
  "[[]]",
  "{",
  " [ 7 , 8 ] ",
);
const textBody = fc.constantFrom(
  "a",
  "two words",
  "line\nline\n",
  " indented",
  "carriage\rreturn\r\n",
  "zażółć",
  '{"a":1}',
  "[1,2]",
);
const body = fc.oneof(
  { weight: 6, arbitrary: jsonBody },
  { weight: 4, arbitrary: textBody },
  { weight: 1, arbitrary: fc.constant(null) },
);

const offset: fc.Arbitrary<OffsetName> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: "omitted" as const }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom("-1", "now").map((value) => ({ kind: "literal" as const, value })),
  },
  { weight: 6, arbitrary: fc.nat({ max: 9 }).map((n) => ({ kind: "seen" as const, n })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("a/b", "a,b", "", "x y", "-2")
      .map((value) => ({ kind: "literal" as const, value })),
  },
);

const closed = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant({ "Stream-Closed": "true" }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("TRUE", "false", "1", "")
      .map((value) => ({ "Stream-Closed": value })),
  },
);

const lifetime = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("3600", "7200", "+60", "060", "6e1", "-1", "")
      .map((value) => ({ "Stream-TTL": value })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("2099-01-01T00:00:00Z", "2099-01-01T02:00:00+02:00", "2099-01-01", "tomorrow")
      .map((value) => ({ "Stream-Expires-At": value })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ "Stream-TTL": "60", "Stream-Expires-At": "2099-01-01T00:00:00Z" }),
  },
);

const streamSeq = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("1", "2", "10", "a", "B").map((value) => ({ "Stream-Seq": value })),
  },
);

const number = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 3 }).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("-1", "x", "1.5", "9007199254740992", "9007199254740991"),
  },
);

const producerHeaders: fc.Arbitrary<Headers> = fc.record(
  {
    "Producer-Id": fc.constantFrom("p", "q"),
    "Producer-Epoch": number,
    "Producer-Seq": number,
  },
  { noNullPrototype: true },
);

const incompleteProducer: fc.Arbitrary<Headers> = fc
  .subarray(
    [
      ["Producer-Id", "p"],
      ["Producer-Epoch", "0"],
      ["Producer-Seq", "0"],
    ] as const,
    { minLength: 1, maxLength: 2 },
  )
  .map((entries) => Object.fromEntries(entries));

const producer = (weight: number): fc.Arbitrary<Headers> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.constant({}) },
    { weight, arbitrary: producerHeaders },
    { weight: Math.min(1, weight), arbitrary: incompleteProducer },
  );

const merged = (...parts: readonly fc.Arbitrary<Headers>[]): fc.Arbitrary<Headers> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as Headers);

const create: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("create" as const),
  path,
  type,
  headers: merged(lifetime, closed),
  body: fc.option(body, { nil: null, freq: 2 }),
});

const fork: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("fork" as const),
  path,
  source: path,
  at: offset,
  type: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: type }),
  headers: merged(
    lifetime,
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      {
        weight: 2,
        arbitrary: fc
          .constantFrom("0", "1", "2", "-1", "x", "99")
          .map((value) => ({ "Stream-Fork-Sub-Offset": value })),
      },
    ),
  ),
});

const append = (producerWeight: number): fc.Arbitrary<Operation> =>
  fc.record({
    kind: fc.constant("append" as const),
    path,
    type,
    headers: merged(closed, streamSeq, producer(producerWeight)),
    body: fc.option(body, { nil: null, freq: 8 }),
  });

const read: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("read" as const),
  path,
  from: offset,
  etag: fc.option(fc.nat({ max: 5 }), { nil: null, freq: 2 }),
});

const poll: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("poll" as const),
  path,
  from: offset,
  cursor: fc.option(fc.constantFrom("0", "5", "999999999"), { nil: null, freq: 2 }),
});

const follow: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("follow" as const),
  path,
  from: offset,
});

const wake: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("wake" as const),
  path,
  type: fc.constantFrom(TEXT, JSON_TYPE, BYTES),
  headers: closed,
  body: fc.oneof(jsonBody, textBody),
});

const head: fc.Arbitrary<Operation> = path.map((one) => ({ kind: "head" as const, path: one }));
const remove: fc.Arbitrary<Operation> = path.map((one) => ({ kind: "delete" as const, path: one }));

type Weights = Readonly<Record<Operation["kind"], number>> & { readonly producers: number };

/** What each family of sequences is made of, in parts. */
const FAMILIES = {
  "create, configure and delete": {
    create: 8,
    fork: 0,
    append: 4,
    head: 4,
    delete: 3,
    read: 2,
    poll: 0,
    follow: 0,
    wake: 0,
    producers: 0,
  },
  "append, close and read": {
    create: 2,
    fork: 0,
    append: 12,
    head: 2,
    delete: 0,
    read: 8,
    poll: 0,
    follow: 0,
    wake: 0,
    producers: 1,
  },
  "idempotent producers": {
    create: 2,
    fork: 1,
    append: 16,
    head: 1,
    delete: 0,
    read: 3,
    poll: 0,
    follow: 0,
    wake: 0,
    producers: 60,
  },
  "live reads": {
    create: 3,
    fork: 1,
    append: 8,
    head: 1,
    delete: 1,
    read: 2,
    poll: 2,
    follow: 4,
    wake: 1,
    producers: 0,
  },
  forks: {
    create: 2,
    fork: 8,
    append: 8,
    head: 3,
    delete: 4,
    read: 6,
    poll: 0,
    follow: 1,
    wake: 0,
    producers: 2,
  },
  "everything mixed": {
    create: 4,
    fork: 4,
    append: 10,
    head: 3,
    delete: 2,
    read: 8,
    poll: 1,
    follow: 2,
    wake: 0,
    producers: 5,
  },
} as const satisfies Record<string, Weights>;

export type Family = keyof typeof FAMILIES;

export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly Family[];

/** Sequences of a family: a stream at the first path, then up to 20 operations. */
export function sequences(family: Family): fc.Arbitrary<readonly Operation[]> {
  const weights: Weights = FAMILIES[family];
  const kinds: Record<Operation["kind"], fc.Arbitrary<Operation>> = {
    create,
    fork,
    append: append(weights.producers),
    read,
    poll,
    follow,
    wake,
    head,
    delete: remove,
  };
  const operation = fc.oneof(
    ...Object.entries(kinds).map(([kind, arbitrary]) => ({
      weight: weights[kind as Operation["kind"]],
      arbitrary,
    })),
  );
  const first = fc
    .constantFrom(TEXT, JSON_TYPE, BYTES)
    .map((of): Operation => ({ kind: "create", path: 0, type: of, headers: {}, body: null }));
  return fc
    .tuple(first, fc.array(operation, { minLength: 1, maxLength: 20 }))
    .map(([one, rest]) => [one, ...rest]);
}
