/** Streams on their way into the catalogue and out of it, when an object dies between two steps. */

import { env, exports } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  codeOf,
  flush,
  inStream,
  put,
  restart,
  settle,
  stubOf,
  tuneStreams,
} from "./harness.ts";

const TEXT = "text/plain";

beforeAll(() => tuneStreams({ flushIntervalMs: 600_000 }));

async function listed(path: string): Promise<number> {
  const query = env.DB.prepare("SELECT count(*) AS n FROM streams WHERE path = ?").bind(path);
  return (await query.first<number>("n")) ?? 0;
}

describe("the catalogue", () => {
  it("is closed where the deployment has no token", async () => {
    const answer = await exports.default.fetch("http://headwater.test/v1/streams", {
      headers: { Authorization: "Bearer undefined" },
    });
    expect([answer.status, codeOf(await answer.bytes())]).toEqual([403, "admin_disabled"]);
  });

  it("learns of an empty stream by one alarm, also after a restart, and costs a row once", async () => {
    const path = "catalogue/empty";
    await put(path, TEXT);
    await restart(path);
    await ask(path, { method: "HEAD" });
    expect(await listed(path)).toBe(0);
    await flush(path);
    expect(await listed(path)).toBe(1);
    await restart(path);
    const due = await inStream(path, (stream) => stream.nextDueMs());
    expect(due).toBeUndefined();
  });

  it("forgets a deleted stream that forks still read, whatever was under way", async () => {
    const [source, fork] = ["catalogue/source", "catalogue/fork"];
    await put(source, TEXT, "x");
    await ask(fork, { method: "PUT", headers: { "Stream-Forked-From": `/v1/stream/${source}` } });
    expect(await listed(source)).toBe(1);
    await ask(source, { method: "DELETE" });
    await restart(source);
    await settle([source, fork]);
    expect(await listed(source)).toBe(0);
    await runDurableObjectAlarm(stubOf(source));
    await flush(source);
    expect(await listed(source)).toBe(0);
    expect(new TextDecoder().decode((await ask(fork)).body)).toBe("x");
  });
});
