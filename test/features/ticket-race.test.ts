/** Eight doors that present every code at the same moment: each ticket lets in once, whatever happens to the server. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { launch, type Launched } from "../../scripts/launch.ts";
import { call, readEvents, sellTickets, type Validation } from "./ticket-client.ts";

const TICKETS = 200;
const DOORS = 8;
// Presentations that are under way at one door.
const WIDTH = 25;

let data: string;
let started: Launched[];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-race-"));
  started = [];
});

afterEach(async () => {
  for (const server of started) server.killGroup();
  await Promise.all(started.map((server) => server.exit));
  await rm(data, { recursive: true, force: true });
});

async function start(port = "0"): Promise<{ server: Launched; url: string }> {
  const server = launch(["--data", data, "--port", port]);
  started.push(server);
  const url = await server.ready;
  if (url === undefined) throw new Error(server.stderr.join("\n"));
  return { server, url };
}

/** Presents every code at one door, in an order of its own, several at a time. */
async function present(
  codes: readonly string[],
  door: number,
  scan: (qrCode: string, door: number) => Promise<Validation>,
): Promise<Validation[]> {
  const shift = Math.floor((codes.length / DOORS) * door);
  const order = [...codes.slice(shift), ...codes.slice(0, shift)];
  const answers: Validation[] = [];
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      for (let code = order.shift(); code !== undefined; code = order.shift()) {
        answers.push(await scan(code, door));
      }
    }),
  );
  return answers;
}

function presentAtAll(
  codes: readonly string[],
  scan: (qrCode: string, door: number) => Promise<Validation>,
): Promise<Validation[][]> {
  return Promise.all(Array.from({ length: DOORS }, (_, door) => present(codes, door, scan)));
}

/** Every code once valid and otherwise a duplicate, in the answers and in the stream alike. */
async function expectOnce(url: string, answers: readonly Validation[], codes: readonly string[]) {
  expect(answers.filter(({ valid }) => valid)).toHaveLength(TICKETS);
  const valid = new Set(answers.flatMap(({ ticket }) => ticket?.qrCode ?? []));
  expect(valid.size).toBe(TICKETS);
  const duplicates = answers.filter(({ reason }) => reason === "duplicate");
  expect(duplicates).toHaveLength(TICKETS * (DOORS - 1));

  const events = await readEvents(url, "main");
  const validated = events.filter(({ type }) => type === "ticket.validated");
  expect(validated).toHaveLength(TICKETS);
  expect(new Set(validated.map(({ qrCode }) => qrCode))).toEqual(new Set(codes));
  const rejected = events.filter(({ type }) => type === "ticket.scan_rejected");
  expect(rejected).toHaveLength(TICKETS * (DOORS - 1));
  expect(rejected.every(({ reason }) => reason === "duplicate")).toBe(true);
  const stats = await call(url, "GET", "/api/tickets/stats");
  expect(stats.body).toMatchObject({
    validatedTickets: TICKETS,
    rejectedScans: TICKETS * (DOORS - 1),
  });
  // The tables are what the stream says, whatever was cut off in the middle.
  const rebuilt = await call(url, "POST", "/api/tickets/rebuild");
  expect(rebuilt.body).toEqual({ events: events.length });
  expect((await call(url, "GET", "/api/tickets/stats")).body).toEqual(stats.body);
}

describe("a race for tickets", () => {
  it("lets each in once", async () => {
    const { url } = await start();
    const codes = await sellTickets(url, "/api", TICKETS);
    const answers = await presentAtAll(codes, async (qrCode) => {
      const sent = { body: { qrCode } };
      const answer = await call<Validation>(url, "POST", "/api/tickets/validate", sent);
      expect(answer.status).toBe(200);
      return answer.body;
    });
    await expectOnce(url, answers.flat(), codes);
  }, 120_000);

  it("lets each in once although the server is killed in the middle, and every scan has its answer", async () => {
    const first = await start();
    const { url } = first;
    const codes = await sellTickets(url, "/api", TICKETS);
    let answered = 0;
    let failed = 0;
    let restarted: Promise<unknown> | undefined;

    // Whoever gets no answer asks again with the same key, as the documentation says.
    const scan = async (qrCode: string, door: number): Promise<Validation> => {
      for (;;) {
        try {
          const sent = { body: { qrCode }, key: `door-${door}-${qrCode}` };
          const answer = await call<Validation>(url, "POST", "/api/tickets/validate", sent);
          if (answer.status === 200) {
            answered += 1;
            restarted ??= answered > 500 ? restart(first.server, url) : undefined;
            return answer.body;
          }
          expect(answer.status).toBe(503);
        } catch (error) {
          // The connection broke: nobody knows whether the scan was counted.
          if (!(error instanceof TypeError)) throw error;
        }
        failed += 1;
        await restarted;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const answers = await presentAtAll(codes, scan);
    await restarted;
    expect(failed).toBeGreaterThan(0);
    await expectOnce(url, answers.flat(), codes);
  }, 120_000);
});

async function restart(server: Launched, url: string): Promise<void> {
  server.killGroup();
  await server.exit;
  await start(new URL(url).port);
}
