/**
 * Edges between objects when one of them, or what is said between them, is lost: acquired and released by id, late,
 * twice, in the wrong order, or never.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { codeOf, eventually, readMessages } from "./reading.ts";
import { put, remove } from "./requests.ts";

/** Past the intent to fork, and past the first question of a deleted source for its forks. */
const LATER_MS = 130_000;

let server: FaultServer;
let count = 0;
let source: string;
let fork: string;

beforeAll(async () => {
  server = await FaultServer.start({ FLUSH_INTERVAL_MS: "50" });
});

beforeEach(async () => {
  await server.rules();
  count += 1;
  source = `forks/${count}/source`;
  fork = `forks/${count}/fork`;
  expect((await put(server.url(source), `["first"]`)).status).toBe(201);
});

afterAll(() => server.process.remove());

function makeFork(path = fork): Promise<Response> {
  return put(server.url(path), undefined, { "Stream-Forked-From": `/v1/stream/${source}` });
}

const status = async (path: string) => (await fetch(server.url(path))).status;
const edges = () => server.object(source, "SELECT * FROM edges");
const tasks = (path: string) => server.tasks(path);

/** The source goes for good when it is deleted: nothing holds it. */
async function expectSourceFree(): Promise<void> {
  await eventually(async () => {
    await server.advance(LATER_MS);
    for (const path of [fork, source]) await server.fire(path);
    return (await edges()).length === 0 && (await tasks(fork)).length === 0;
  });
  await remove(server.url(source));
  expect(await status(source)).toBe(404);
}

describe("acquire", () => {
  it("is refused without a trace when the source does not answer", async () => {
    await server.rules({ point: "peer.acquire", moment: "before", action: "fail" });
    const answer = await makeFork();
    expect([answer.status, await codeOf(answer)]).toEqual([503, "unavailable"]);
    expect(await status(fork)).toBe(404);
    await expectSourceFree();
  });

  it("whose answer is lost is given back by the alarm of the fork", async () => {
    await server.rules({ point: "peer.acquire", moment: "after", action: "fail" });
    const answer = await makeFork();
    expect([answer.status, await codeOf(answer)]).toEqual([503, "unavailable"]);
    expect(await edges()).toHaveLength(1);
    await server.rules();
    await expectSourceFree();
  });

  it("that was answered after the intent was given up is given back", async () => {
    await server.rules({ point: "peer.acquire", moment: "after", action: "hold" });
    const answer = makeFork();
    await eventually(async () => (await server.status()).held === 1);
    await server.advance(LATER_MS);
    await server.fire(fork);
    await server.rules();
    expect((await answer).status).toBe(503);
    expect(await status(fork)).toBe(404);
    await expectSourceFree();
  });

  it("that is overtaken by its own release is given back all the same", async () => {
    await server.rules({ point: "peer.acquire", moment: "before", action: "hold" });
    const answer = makeFork();
    await eventually(async () => (await server.status()).held === 1);
    await server.advance(LATER_MS);
    await server.fire(fork);
    expect(await tasks(fork)).toEqual([]);
    await server.rules();
    expect((await answer).status).toBe(503);
    await expectSourceFree();
  });

  it("is refused when the source is deleted while it waits for D1", async () => {
    await server.rules({ point: "d1.batch", moment: "before", action: "hold" });
    const answer = makeFork();
    await eventually(async () => (await server.status()).held > 0);
    expect((await remove(server.url(source))).status).toBe(204);
    await server.rules();
    expect([(await answer).status, await codeOf(await answer)]).toEqual([404, "source_not_found"]);
    expect([await status(fork), await status(source)]).toEqual([404, 404]);
  });

  it("keeps what the source held when that is deleted before the fork is made", async () => {
    await server.rules({ point: "peer.acquire", moment: "after", action: "hold" });
    const answer = makeFork();
    await eventually(async () => (await server.status()).held === 1);
    expect((await remove(server.url(source))).status).toBe(204);
    await server.rules();
    expect((await answer).status).toBe(201);
    expect(await status(source)).toBe(410);
    expect(await readMessages(server.url(fork))).toEqual({ status: 200, messages: ["first"] });
    await remove(server.url(fork));
    await eventually(async () => (await status(source)) === 404);
  });

  it("of forks at one path at once makes one, and releases the others", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => makeFork()));
    const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 201]);
    // The fork hears that an edge was released after the source has done it.
    await eventually(async () => (await edges()).length === 1 && (await tasks(fork)).length === 0);
    expect(await readMessages(server.url(fork))).toEqual({ status: 200, messages: ["first"] });
  });
});

describe("release", () => {
  it.each(["before", "after"] as const)("that fails %s it was done is repeated", async (moment) => {
    expect((await makeFork()).status).toBe(201);
    await remove(server.url(source));
    await server.rules({ point: "peer.release", moment, action: "fail" });
    expect((await remove(server.url(fork))).status).toBe(204);
    await eventually(async () => (await server.status()).hit.length > 0);
    await server.rules();
    await eventually(async () => {
      await server.advance(LATER_MS);
      await server.fire(fork);
      return (await tasks(fork)).length === 0;
    });
    expect(await status(source)).toBe(404);
  });

  it("of an earlier stream at the path does not touch the forks of the present one", async () => {
    expect((await makeFork()).status).toBe(201);
    await server.rules({ point: "peer.release", moment: "before", action: "fail" });
    await remove(server.url(fork));
    // The old source goes while its fork still means to release it, and a new one takes its place.
    await server.object(source, "DELETE FROM edges");
    await remove(server.url(source));
    expect((await put(server.url(source), `["second"]`)).status).toBe(201);
    const other = `${fork}-other`;
    expect((await makeFork(other)).status).toBe(201);
    await server.rules();
    await eventually(async () => {
      await server.advance(LATER_MS);
      await server.fire(fork);
      return (await tasks(fork)).length === 0;
    });
    expect(await edges()).toHaveLength(1);
    expect(await readMessages(server.url(other))).toEqual({ status: 200, messages: ["second"] });
  });
});

describe("a deleted source", () => {
  it("finds out by itself that a fork of its was never made", async () => {
    await server.object(
      source,
      `INSERT INTO edges (fork_id, fork_path) VALUES ('never-made', '${fork}')`,
    );
    await remove(server.url(source));
    expect(await status(source)).toBe(410);
    await eventually(async () => {
      await server.advance(LATER_MS);
      await server.fire(source);
      return (await status(source)) === 404;
    });
  });

  it("stays for as long as its fork does, however often it asks", async () => {
    expect((await makeFork()).status).toBe(201);
    await remove(server.url(source));
    for (let round = 0; round < 5; round++) {
      await server.advance(LATER_MS);
      await server.fire(source);
    }
    expect(await status(source)).toBe(410);
    expect(await readMessages(server.url(fork))).toEqual({ status: 200, messages: ["first"] });
  });

  it("stays while a fork cannot be asked", async () => {
    await server.object(
      source,
      `INSERT INTO edges (fork_id, fork_path) VALUES ('never-made', '${fork}')`,
    );
    await remove(server.url(source));
    await server.rules({ point: "peer.holds", moment: "before", action: "fail" });
    await server.advance(LATER_MS);
    await server.fire(source);
    expect((await server.status()).hit.length).toBeGreaterThan(0);
    expect(await status(source)).toBe(410);
    await server.rules();
    await eventually(async () => {
      await server.advance(LATER_MS);
      await server.fire(source);
      return (await status(source)) === 404;
    });
  });
});
