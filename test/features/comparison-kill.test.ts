/** A server that is killed in the middle of a comparison, and started again on the same data. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { launch, type Launched } from "../../scripts/launch.ts";

interface Event {
  readonly type: string;
  readonly envelope?: { readonly probeId: string };
  readonly outcome?: { readonly findings: { readonly id: string }[] };
}

let data: string;
let started: Launched[];
let site: Site;

/** A site that answers `/held` only when it is let go, and remembers what it was asked. */
class Site {
  readonly asked: string[] = [];
  readonly #server: Server;
  #waiting: ServerResponse[] = [];
  #open = false;

  constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? "";
      this.asked.push(path);
      response.setHeader("Cache-Control", path === "/held" ? "no-store" : "no-cache");
      if (path === "/held" && !this.#open) this.#waiting.push(response);
      else response.end("same");
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  letGo(): void {
    this.#open = true;
    for (const response of this.#waiting.splice(0)) response.end("same");
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-comparison-"));
  started = [];
  site = new Site();
});

afterEach(async () => {
  for (const server of started) server.stop();
  await Promise.all(started.map((server) => server.exit));
  site.close();
  await rm(data, { recursive: true, force: true });
});

async function serve(host: string): Promise<{ readonly url: string; readonly server: Launched }> {
  const env = { COMPARE_ALLOWED_HOSTS: host };
  const server = launch(["--data", data, "--port", "0"], env);
  started.push(server);
  const url = await server.ready;
  if (url === undefined) throw new Error(server.stderr.join("\n"));
  return { url, server };
}

async function kill(server: Launched): Promise<void> {
  server.killGroup();
  await server.exit;
}

async function compare(url: string, host: string): Promise<string> {
  const body = JSON.stringify({ leftUrl: `http://${host}/held`, rightUrl: `http://${host}/free` });
  const answer = await fetch(`${url}/api/compare`, { method: "POST", body });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { stream: string }).stream;
}

/** The stream's events, once they fulfil a condition. */
async function eventsWith(
  url: string,
  stream: string,
  condition: (events: readonly Event[]) => boolean,
): Promise<readonly Event[]> {
  for (;;) {
    const answer = await fetch(url + stream);
    const events = (await answer.json()) as Event[];
    if (answer.status === 200 && condition(events)) return events;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const hasEnded = (events: readonly Event[]) =>
  events.some(({ type }) => type === "comparison.completed" || type === "comparison.failed");

describe("a comparison whose server is killed", () => {
  it("while it probes goes on where it was, and no step that was done is done again", async () => {
    const host = await site.listen();
    const first = await serve(host);
    const stream = await compare(first.url, host);
    await eventsWith(first.url, stream, (events) => events.some((e) => e.type === "probe.saved"));
    // What is held may be asked for later than the other is saved.
    await vi.waitUntil(() => site.asked.length > 1, { timeout: 20_000 });
    expect(site.asked.toSorted()).toEqual(["/free", "/held"]);
    await kill(first.server);

    const second = await serve(host);
    const before = await eventsWith(second.url, stream, () => true);
    expect(before.map(({ type }) => type)).toEqual(["comparison.created", "probe.saved"]);
    site.letGo();
    const events = await eventsWith(second.url, stream, hasEnded);
    expect(events.map(({ type }) => type)).toEqual([
      "comparison.created",
      "probe.saved",
      "probe.saved",
      "comparison.completed",
    ]);
    expect(new Set(events.map(({ envelope }) => envelope?.probeId)).size).toBe(3);
    // What was interrupted is asked again; what was saved is not.
    expect(site.asked.filter((path) => path === "/free")).toHaveLength(1);
    expect(site.asked.filter((path) => path === "/held")).toHaveLength(2);

    // A comparison that nobody interrupts finds the same.
    const again = await compare(second.url, host);
    expect(again).toBe(stream);
    const all = await eventsWith(second.url, stream, (e) => e.length === 8);
    const found = all.flatMap(({ outcome }) =>
      outcome === undefined ? [] : [stableFindings(outcome)],
    );
    expect(found).toHaveLength(2);
    expect(found[0]).toEqual(found[1]);
    expect(found[0]).toContain("CACHE_HEADER_DRIFT:headers:cache-control");
  }, 120_000);

  it("as soon as it was accepted, is finished all the same", async () => {
    const host = await site.listen();
    site.letGo();
    const first = await serve(host);
    const stream = await compare(first.url, host);
    await kill(first.server);

    const second = await serve(host);
    const events = await eventsWith(second.url, stream, hasEnded);
    expect(events.map(({ type }) => type)).toEqual([
      "comparison.created",
      "probe.saved",
      "probe.saved",
      "comparison.completed",
    ]);

    // What has ended is not looked at again, and leaves no file. The instance ends after its last event.
    await vi.waitUntil(hasInstanceEnded, { timeout: 20_000 });
    await kill(second.server);
    expect(await instanceFiles()).not.toEqual([]);
    const third = await serve(host);
    expect(await instanceFiles()).toEqual([]);
    expect(await eventsWith(third.url, stream, () => true)).toEqual(events);
    expect(third.server.stderr.join("\n")).not.toContain("could not be resumed");
  }, 120_000);
});

const instancesDirectory = () =>
  join(data, "v3/workflows/miniflare-workflows-headwater-comparison");

/** The files of the Workflow's instances. */
async function instanceFiles(): Promise<string[]> {
  return (await readdir(instancesDirectory())).filter((name) => /^[0-9a-f]{64}\./.test(name));
}

/** Whether the log of the one instance says that it has completed. */
async function hasInstanceEnded(): Promise<boolean> {
  const name = (await instanceFiles()).find((file) => file.endsWith(".sqlite")) ?? "";
  const database = new DatabaseSync(join(instancesDirectory(), name), { readOnly: true });
  try {
    return database.prepare("SELECT 1 FROM states WHERE event = 2").all().length > 0;
  } finally {
    database.close();
  }
}

/** The ids of the findings, without that of the time, which a kill makes longer. */
function stableFindings({ findings }: NonNullable<Event["outcome"]>): string[] {
  return findings.map(({ id }) => id).filter((id) => !id.startsWith("TIMING_DRIFT"));
}
