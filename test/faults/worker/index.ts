/**
 * The Worker under test: production's own, whose objects have fault points between them and their stores, and a
 * control at /__faults. It is no part of any deployment; test/faults/bundle.test.ts looks that none of it gets there.
 */

import worker from "../../../src/worker.ts";
import { StreamObject as Production } from "../../../src/stream-object.ts";
import { openAround, wrapEnvironment, wrapStorage, type Around } from "./bindings.ts";
import { clock, startClock } from "./clock.ts";
import { readStatus, setRules } from "./points.ts";
import type { Rule } from "./rule.ts";

startClock();

export class StreamObject extends Production {
  readonly #around: Around;

  constructor(ctx: DurableObjectState, env: Env) {
    const arm = wrapStorage(ctx);
    const around = openAround(ctx);
    super(ctx, wrapEnvironment(env, around));
    this.#around = around;
    arm();
  }

  override fetch(request: Request): Promise<Response> {
    return this.#around("request", request.method, () => super.fetch(request));
  }

  override alarm(): Promise<void> {
    return this.#around("alarm", "", () => super.alarm());
  }

  /** Delivers an alarm now, as often at once as asked for. */
  async fire(times: number): Promise<void> {
    await Promise.all(Array.from({ length: times }, () => this.alarm()));
  }

  /** When the alarm is to come. */
  readAlarm(): Promise<number | null> {
    return this.ctx.storage.getAlarm();
  }

  /** Runs a statement in the object's own database. */
  query(sql: string): Record<string, SqlStorageValue>[] {
    return this.ctx.storage.sql.exec(sql).toArray();
  }

  end(): void {
    this.ctx.abort("A test ends this object.");
  }
}

type Controls = Record<string, (parameters: URLSearchParams, body: string, env: Env) => unknown>;

const CONTROLS: Controls = {
  rules: (_, body, env) =>
    setRules(JSON.parse(body) as Rule[], (path) => env.STREAMS.idFromName(path).toString()),
  status: () => readStatus(),
  clock: (_, body) => {
    clock.skewMs = Number(body);
  },
  fire: (parameters, body, env) => stubOf(parameters, env).fire(Number(body)),
  alarm: (parameters, _, env) => stubOf(parameters, env).readAlarm(),
  object: (parameters, body, env) => stubOf(parameters, env).query(body),
  // The one who ends an object hears of its end as an error.
  end: (parameters, _, env) =>
    stubOf(parameters, env)
      .end()
      .then(
        () => false,
        () => true,
      ),
  d1: async (_, body, env) => (await env.DB.prepare(body).all()).results,
  keys: async (_, __, env) => (await env.SEGMENTS.list()).objects.map(({ key }) => key),
};

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const control = /^\/__faults\/(\w+)$/.exec(pathname)?.[1];
    if (control === undefined) return worker.fetch(request, env);
    const run = CONTROLS[control];
    if (run === undefined) return new Response(null, { status: 404 });
    return Response.json((await run(searchParams, await request.text(), env)) ?? null);
  },
} satisfies ExportedHandler<Env>;

function stubOf(parameters: URLSearchParams, env: Env): DurableObjectStub<StreamObject> {
  const streams = env.STREAMS as unknown as DurableObjectNamespace<StreamObject>;
  return streams.getByName(parameters.get("path") ?? "");
}
