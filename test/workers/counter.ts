import * as v from "valibot";
import type { Command, Query } from "#features/command.ts";
import type { Feature } from "#features/feature.ts";
import { route } from "#features/route.ts";

const LIMIT = 10;

interface Raised {
  readonly type: "counter.raised";
  readonly by: number;
}

const raise: Command<{ by: number }, { value: number }, Raised> = {
  name: "raise",
  decide({ by }, view) {
    const [counter] = view.rows<{ value: number }>("SELECT value FROM counter_values");
    const value = (counter?.value ?? 0) + by;
    if (value > LIMIT) {
      const message = `The counter may not pass ${LIMIT}: raise it by less.`;
      return { ok: false, refusal: { status: 409, code: "limit_reached", message } };
    }
    return { ok: true, events: [{ type: "counter.raised", by }], answer: { value } };
  },
};

const read: Query<null, { value: number }> = {
  name: "read",
  answer: (_, view) =>
    view.rows<{ value: number }>("SELECT value FROM counter_values")[0] ?? { value: 0 },
};

const name = v.object({
  name: v.pipe(v.string(), v.regex(/^[a-z]{1,20}$/, "Use 1 to 20 letters, a to z.")),
});
const value = { schema: v.object({ value: v.number() }), description: "The counter." };

export const counter: Feature<unknown, Raised> = {
  name: "counter",
  version: 1,
  tables: {
    counter_values: "CREATE TABLE counter_values (key INTEGER PRIMARY KEY, value INTEGER)",
  },
  commands: [raise],
  queries: [read],
  project(event, _at, tables) {
    tables.run(
      "INSERT INTO counter_values VALUES (1, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
      event.by,
    );
  },
  commandRoute: "POST /api/counters/{name}",
  routes: () => [
    route({
      method: "POST",
      path: "/api/counters/{name}",
      summary: "Raises a counter.",
      params: name,
      body: v.strictObject({ by: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
      idempotent: true,
      answers: { 200: value },
      refusals: ["limit_reached"],
      async run({ params, body, idempotencyKey, streams }) {
        const outcome = await streams.send(raise, `counter/${params.name}`, body, {
          key: idempotencyKey,
        });
        return outcome.ok ? { ok: true, status: 200, json: outcome.answer } : outcome;
      },
    }),
    route({
      method: "GET",
      path: "/api/counters/{name}",
      summary: "Reads a counter.",
      params: name,
      answers: { 200: value },
      async run({ params, streams }) {
        const outcome = await streams.query(read, `counter/${params.name}`, null);
        return outcome.ok ? { ok: true, status: 200, json: outcome.answer } : outcome;
      },
    }),
  ],
};
