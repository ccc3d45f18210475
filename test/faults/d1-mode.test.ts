/** What ACK_MODE=d1 says when D1, or what comes after it, fails. */

import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { codeOf, readMessages } from "./reading.ts";
import { post, producer, put } from "./requests.ts";
import type { Rule } from "./worker/rule.ts";

let server: FaultServer;
let path: string;
let url: string;
let count = 0;

beforeAll(async () => {
  server = await FaultServer.start({ ACK_MODE: "d1", FLUSH_BYTES: "1024" });
});

beforeEach(async () => {
  await server.rules();
  count += 1;
  path = `d1/${count}`;
  url = server.url(path);
  expect((await put(url)).status).toBe(201);
});

afterAll(() => server.process.remove());

/** Above FLUSH_BYTES: the journal is truncated before the answer. */
const LARGE = "x".repeat(2_000);

it.each<{ readonly what: string; readonly rule: Rule }>([
  { what: "D1 does not answer", rule: { point: "d1.batch", moment: "before", action: "fail" } },
  { what: "D1's answer is lost", rule: { point: "d1.batch", moment: "after", action: "fail" } },
  { what: "D1 refuses", rule: { point: "d1.batch", moment: "before", action: "break" } },
  {
    what: "the journal cannot be truncated",
    rule: { point: "journal", moment: "before", action: "fail", skip: 1 },
  },
])("says that the outcome is unknown when $what, and a retry is once there", async ({ rule }) => {
  const send = () => post(url, JSON.stringify([LARGE]), producer(0));
  // What the streams of earlier tests still have to do is not counted.
  await server.rules({ ...rule, path });
  const answer = await send();
  expect(answer.status).toBe(503);
  expect(await codeOf(answer)).toBe("outcome_unknown");
  // The retry may not be acknowledged on the strength of the journal alone.
  if (rule.point === "d1.batch" && rule.action !== "break") expect((await send()).status).toBe(503);
  await server.rules();
  expect((await send()).status).toBe(204);
  expect(await readMessages(url)).toEqual({ status: 200, messages: [LARGE] });
  await server.end(path);
  expect(await readMessages(url)).toEqual({ status: 200, messages: [LARGE] });
});

it("does not acknowledge a repeated creation before D1 has its first messages", async () => {
  const target = `${url}-new`;
  await server.rules({ point: "d1.batch", moment: "before", action: "fail" });
  for (let tries = 0; tries < 2; tries++) {
    const answer = await put(target, `["first"]`);
    expect([answer.status, await codeOf(answer)]).toEqual([503, "outcome_unknown"]);
  }
  await server.rules();
  expect((await put(target, `["first"]`)).status).toBe(200);
  expect(await readMessages(target)).toEqual({ status: 200, messages: ["first"] });
});
