import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { launch, type Launched } from "../scripts/launch.ts";
import { startServer } from "../scripts/server.ts";

/** With these there is nothing to warn of. */
const TOKENS = { TICKETS_ADMIN_TOKEN: "admin-token", TICKETS_SCANNER_TOKEN: "scanner-token" };

let data: string;
let started: Launched[];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-launcher-"));
  started = [];
});

afterEach(async () => {
  for (const server of started) server.stop();
  await Promise.all(started.map((server) => server.exit));
  await rm(data, { recursive: true, force: true });
});

describe("the launcher", () => {
  it("says that it is ready and where, and serves there", async () => {
    const server = start();
    const url = await server.ready;
    expect(server.stdout).toEqual([
      `Headwater is ready at ${url}/v1/stream/ (data in ${data}, ACK_MODE=journal)`,
    ]);
    expect(await create(url)).toBe(201);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("stops on %s with exit code 0", async (signal) => {
    const server = start();
    await server.ready;
    expect(findWorkerds()).toHaveLength(1);
    server.stop(signal);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(findWorkerds()).toEqual([]);
    expect(server.stderr).toEqual([]);
  });

  it("finds what it stored when it is started again", async () => {
    const first = start();
    expect(await create(await first.ready, `["kept"]`)).toBe(201);
    first.stop();
    await first.exit;
    const url = await start().ready;
    expect(await (await fetch(`${url}/v1/stream/a`)).json()).toEqual(["kept"]);
  });

  it("lets the environment override wrangler.toml", async () => {
    const server = start([], { ACK_MODE: "d1" });
    await server.ready;
    expect(server.stdout.join()).toContain("ACK_MODE=d1");
  });

  it.each([
    ["both", {}, ["TICKETS_ADMIN_TOKEN", "TICKETS_SCANNER_TOKEN"]],
    ["one", { TICKETS_ADMIN_TOKEN: TOKENS.TICKETS_ADMIN_TOKEN }, ["TICKETS_SCANNER_TOKEN"]],
    ["none, for the routes are shut", { DEVELOPMENT: "off" }, []],
  ])("warns of routes that a missing token leaves open: %s", async (_which, env, missing) => {
    const server = start([], env);
    await server.ready;
    server.stop();
    await server.exit;
    expect(server.stderr).toEqual(
      missing.map((name) => expect.stringContaining(`DEVELOPMENT MODE: ${name} is not set`)),
    );
  });

  it("prints its usage", async () => {
    const server = start(["--help"]);
    expect(await server.exit).toEqual({ code: 0, signal: null });
    expect(server.stdout.join("\n")).toMatch(/--port .*--host .*--data /s);
  });
});

describe("the launcher after a SIGKILL", () => {
  it("ends the workerd that was left behind, and keeps what it had acknowledged", async () => {
    const first = start();
    const url = await first.ready;
    await create(url, `["kept"]`);
    first.stop("SIGKILL");
    await first.exit;
    expect(findWorkerds()).toHaveLength(1);

    const second = start(["--port", new URL(url ?? "").port]);
    expect(await second.ready, second.stderr.join("\n")).toBe(url);
    expect(second.stdout[0]).toMatch(/^Ended workerd \(pid \d+\), left behind/);
    expect(findWorkerds()).toHaveLength(1);
    expect(await (await fetch(`${url}/v1/stream/a`)).json()).toEqual(["kept"]);
  });
});

describe("the launcher refuses to start", () => {
  it("on a taken port", async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const lines = await refusal(start(["--port", String(port)]));
    listener.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`Port ${port} on 127.0.0.1 is taken`);
  });

  it("on a data directory that is in use", async () => {
    await start().ready;
    expect(await refusal(start())).toEqual([`Another server is using the data directory ${data}.`]);
  });

  it("on a data directory that cannot be written", async () => {
    const file = join(data, "file");
    await writeFile(file, "");
    const lines = await refusal(launched(["--port", "0", "--data", join(file, "sub")]));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`The data directory ${join(file, "sub")} cannot be written`);
  });

  it("on invalid variables, each with its own line", async () => {
    const env = { ACK_MODE: "disk", FLUSH_INTERVAL_MS: "soon" };
    expect(await refusal(start([], env))).toEqual([
      `ACK_MODE is "disk": it must be journal or d1.`,
      expect.stringContaining(`FLUSH_INTERVAL_MS is "soon": it must be an integer`),
    ]);
  });

  it.each([["--frob"], ["extra"], ["--port", "seventy"]])("on %s %s", async (...args) => {
    const server = launched(args);
    expect((await server.exit).code).toBe(1);
    expect(server.stderr.join("\n")).toContain(args.at(-1));
  });

  it("on data that has a migration which is not there", async () => {
    const first = start();
    await first.ready;
    first.stop();
    await first.exit;
    const database = await openD1();
    database.exec("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')");
    database.close();
    const lines = await refusal(start());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("The migration 9999_later.sql is missing");
  });

  it("without any migration", async () => {
    const options = { dataDirectory: join(data, "state"), migrationsDirectory: data };
    await expect(startServer(options)).rejects.toThrow(/There is no .sql file|no .sql file in/);
  });
});

function start(args: readonly string[] = [], env: NodeJS.ProcessEnv = TOKENS): Launched {
  const port = args.includes("--port") ? [] : ["--port", "0"];
  return launched(["--data", data, ...port, ...args], env);
}

function launched(args: readonly string[], env?: NodeJS.ProcessEnv): Launched {
  const server = launch(args, env);
  started.push(server);
  return server;
}

async function refusal(server: Launched): Promise<readonly string[]> {
  expect(await server.exit).toEqual({ code: 1, signal: null });
  expect(server.stdout).toEqual([]);
  return server.stderr;
}

async function create(url: string | undefined, body = "[]"): Promise<number> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/stream/a`, { method: "PUT", headers, body });
  return response.status;
}

/** The workerds on this test's data directory. */
function findWorkerds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        return environment.includes(`HEADWATER_DATA=${data}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function openD1(): Promise<DatabaseSync> {
  const directory = join(data, "v3/d1/miniflare-D1DatabaseObject");
  const names = await readdir(directory);
  const name = names.find((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  return new DatabaseSync(join(directory, name ?? ""));
}
