import * as v from "valibot";
import type { Command, Query } from "#features/command.ts";
import type { Feature } from "#features/feature.ts";
import { reply, route } from "#features/route.ts";

const LIMIT = 10;
const VALUE = "SELECT value FROM counter_values";
const RAISE = `INSERT INTO counter_values VALUES (1, ?)
  ON CONFLICT DO UPDATE SET value = value + excluded.value`;

type Raised = { type: "counter.raised"; by: number };
type Value = { value: number };

const raise: Command<{ by: number }, Value, Raised> = {
  name: "raise",
  decide({ by }, view) {
    const value = (view.rows<Value>(VALUE)[0]?.value ?? 0) + by;
    if (value <= LIMIT)
      return { ok: true, events: [{ type: "counter.raised", by }], answer: { value } };
    const message = `The counter may not pass ${LIMIT}: raise it by less.`;
    return { ok: false, refusal: { status: 409, code: "limit_reached", message } };
  },
};

const read: Query<null, Value> = {
  name: "read",
  answer: (_, view) => view.rows<Value>(VALUE)[0] ?? { value: 0 },
};

const address = {
  path: "/api/counters/{name}",
  params: v.object({ name: v.pipe(v.string(), v.regex(/^[a-z]{1,20}$/, "Use 1 to 20 letters.")) }),
  answers: { 200: { description: "The counter.", schema: v.object({ value: v.number() }) } },
};

export const counter: Feature<unknown, Raised> = {
  name: "counter",
  version: 1,
  tables: {
    counter_values: "CREATE TABLE counter_values (key INTEGER PRIMARY KEY, value INTEGER)",
  },
  commands: [raise],
  queries: [read],
  project: (event, _at, tables) => tables.run(RAISE, event.by),
  commandRoute: "POST /api/counters/{name}",
  routes: () => [
    route({
      ...address,
      method: "POST",
      summary: "Raises a counter.",
      body: v.strictObject({ by: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
      idempotent: true,
      refusals: ["limit_reached"],
      run: async ({ params, body, idempotencyKey: key, streams }) =>
        reply(200, await streams.send(raise, `counter/${params.name}`, body, { key })),
    }),
    route({
      ...address,
      method: "GET",
      summary: "Reads a counter.",
      run: async ({ params, streams }) =>
        reply(200, await streams.query(read, `counter/${params.name}`, null)),
    }),
  ],
};
