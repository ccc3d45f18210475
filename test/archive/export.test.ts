/** Exports of single streams, and the commands as a user runs them. */

import { spawnSync } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportStreams } from "../../scripts/archive/export-streams.ts";
import { formatOffset } from "../../src/protocol/offset.ts";
import { pause, post, producer, put } from "../http/http.ts";
import { noise } from "./sample.ts";
import { operatorOf, Scene, TOKEN } from "./scene.ts";

const JSON_TYPE = "application/json";
const BINARY = "application/octet-stream";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open();
  await put(`${scene.source.url}/v1/stream/backup/text`, "text/plain", "hello");
}, 60_000);

afterAll(() => scene.close());

describe("one stream", () => {
  it("is exported as it was at one moment, while it is written to", async () => {
    const path = "moving";
    const [from, to] = [scene.source, scene.target].map(({ url }) => `${url}/v1/stream/${path}`);
    if (from === undefined || to === undefined) throw new Error("There are two servers.");
    await put(from, JSON_TYPE);
    const written = { count: 0, isOver: false };
    const write = async () => {
      for (; !written.isOver; written.count += 1) {
        await post(from, JSON_TYPE, String(written.count), producer(0, written.count));
      }
    };
    const writing = write();
    while (written.count < 200) await pause(10);
    const file = await scene.exportFile("moving", { kind: "path", path });
    written.isOver = true;
    await writing;
    expect(await scene.importFile(file)).toMatchObject({ imported: 1, failed: 0 });
    const messages = (await (await fetch(to)).json()) as number[];
    expect(messages.length).toBeGreaterThanOrEqual(200);
    expect(messages).toEqual(messages.map((_, i) => i));
    // The producer goes on exactly after the last message that came along.
    const next = (seq: number) => post(to, JSON_TYPE, String(seq), producer(0, seq));
    expect((await next(messages.length - 1)).status).toBe(204);
    expect((await next(messages.length + 1)).status).toBe(409);
    expect((await next(messages.length)).status).toBe(200);
  });

  it("takes its application along: commands go on where they were", async () => {
    const ask = (server: { url: string }, route: string, body: unknown) =>
      fetch(`${server.url}/api/${route}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(body),
      });
    const created = await ask(scene.source, "tickets", { ticketType: "adult" });
    const { tickets } = (await created.json()) as { tickets: { qrCode: string }[] };
    const company = await ask(scene.source, "companies", { name: "Harbour Tours" });
    const { companyKey } = (await company.json()) as { companyKey: string };
    const [ticket] = tickets;
    if (ticket === undefined) throw new Error("No ticket was created.");
    const { qrCode } = ticket;
    expect((await ask(scene.source, "tickets/activate", { qrCode, companyKey })).status).toBe(200);
    const file = await scene.exportFile("tickets", { kind: "path", path: "tickets/main" });
    expect(await scene.importFile(file)).toMatchObject({ imported: 1, failed: 0 });
    const validate = async () =>
      (await (await ask(scene.target, "tickets/validate", { qrCode })).json()) as unknown;
    expect(await validate()).toMatchObject({ valid: true });
    expect(await validate()).toMatchObject({ valid: false, reason: "duplicate" });
    const stats = await fetch(`${scene.target.url}/api/tickets/stats`);
    expect(await stats.json()).toMatchObject({ totalTickets: 1, validatedTickets: 1 });
  });

  it("is left out once its time is over", async () => {
    // Time enough for the export on any machine.
    const endMs = Date.now() + 6_000;
    const soon = new Date(endMs).toISOString();
    const url = `${scene.source.url}/v1/stream/short`;
    await put(url, JSON_TYPE, "[1]", { "Stream-Expires-At": soon });
    const file = await scene.exportFile("short", { kind: "path", path: "short" });
    await pause(endMs + 100 - Date.now());
    expect(await scene.importFile(file)).toMatchObject({ imported: 0, expired: 1, failed: 0 });
  });

  it("cannot be exported when it ends inside an append of its source, and says so", async () => {
    const url = (path: string) => `${scene.source.url}/v1/stream/half/${path}`;
    await put(url("source"), BINARY, noise(100, 1));
    await put(url("fork"), BINARY, undefined, {
      "Stream-Forked-From": "/v1/stream/half/source",
      "Stream-Fork-Offset": formatOffset({ seq: 0, byte: 0 }),
      "Stream-Fork-Sub-Offset": "10",
    });
    const file = scene.fileOf("half");
    const selection = { kind: "path", path: "half/fork" } as const;
    await expect(
      exportStreams({ server: operatorOf(scene.source), selection, file, report: () => undefined }),
    ).rejects.toThrow(/leaves its source inside an append/);
    await expect.poll(() => readdirOf("half"), { timeout: 20_000 }).toEqual([]);
    const all = { kind: "prefix", prefix: "half/" } as const;
    await expect
      .poll(
        async () => {
          await rm(file, { force: true });
          return exportStreams({
            server: operatorOf(scene.source),
            selection: all,
            file,
            report: () => undefined,
          });
        },
        { timeout: 20_000 },
      )
      .toEqual({ streams: 1, failed: 1 });
    expect(await scene.importFile(file)).toMatchObject({ imported: 1, failed: 1 });
    const answer = await fetch(`${scene.target.url}/v1/stream/half/fork`);
    expect(answer.status).toBe(404);
  });
});

async function readdirOf(name: string): Promise<string[]> {
  return (await readdir(scene.directory)).filter((file) => file.startsWith(name));
}

describe("the commands", () => {
  const command = (script: "export" | "import", args: readonly string[], token = TOKEN) =>
    spawnSync(
      process.execPath,
      [join(import.meta.dirname, `../../scripts/${script}.ts`), ...args],
      {
        encoding: "utf8",
        env: { ...process.env, ADMIN_TOKEN: token },
      },
    );

  it("export and import, and say what they did", async () => {
    const file = scene.fileOf("command.gz");
    const exported = command("export", ["backup/text", file, "--url", scene.source.url]);
    expect([exported.status, exported.stderr]).toEqual([0, ""]);
    expect(exported.stdout).toContain("1 exported, 0 failed.");
    const imported = command("import", [file, "--url", scene.target.url]);
    expect([imported.status, imported.stderr]).toEqual([0, ""]);
    expect(imported.stdout).toContain("1 imported, 0 already there, 0 left out, 0 failed.");
    const again = command("import", [file, "--url", scene.target.url]);
    expect([again.status, again.stderr]).toEqual([0, ""]);
    expect(again.stdout).toContain("0 imported, 1 already there, 0 left out, 0 failed.");
    await post(`${scene.target.url}/v1/stream/backup/text`, "text/plain", "more");
    const refused = command("import", [file, "--url", scene.target.url]);
    expect(refused.status).toBe(1);
    expect(refused.stdout).toMatch(
      /FAILED backup\/text: the stream .* is another one, or has gone on .* differs in tail/,
    );
    const twice = command("export", ["backup/text", file, "--url", scene.source.url]);
    expect([twice.status, twice.stderr]).toEqual([1, expect.stringContaining("exists already")]);
  });

  it.each([
    ["without a token", ["x", "FILE"], "", /ADMIN_TOKEN is missing/],
    ["with another token", ["x", "FILE"], "another-token-altogether", /ADMIN_TOKEN/],
    ["of a stream that is not there", ["none", "FILE"], TOKEN, /none: There is no stream/],
    [
      "of a prefix that none has",
      ["none*", "FILE"],
      TOKEN,
      /lists no stream that begins with none/,
    ],
    ["without a file", ["x"], TOKEN, /Usage: npm run export/],
    ["with a flag that is none", ["--frob"], TOKEN, /--frob/],
    ["into a directory that is not there", ["backup/text", "FILE/x"], TOKEN, /cannot be written/],
  ])("export %s: fails with a sentence", (_, args, token, message) => {
    const file = scene.fileOf("failed");
    const named = args.map((arg) => arg.replace("FILE", file));
    const { status, stderr } = command("export", [...named, "--url", scene.source.url], token);
    expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).not.toContain("    at ");
  });

  it("import of a damaged file fails with a sentence", async () => {
    const file = scene.fileOf("broken");
    await writeFile(file, "broken\n");
    const { status, stderr } = command("import", [file, "--url", scene.target.url]);
    expect([status, stderr]).toEqual([
      1,
      "This is no export of Headwater, or its first line is damaged.\n",
    ]);
  });
});
