/** Our server answers as the reference server does, but for the deltas. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Client } from "../harness/client.ts";
import { explain } from "../harness/result.ts";
import { startProxy, type Behaviour } from "../mutation/proxy.ts";
import { without } from "../mutation/edit.ts";
import { DELTAS } from "./deltas.ts";
import { EXAMPLES } from "./examples.ts";
import { runSequence } from "./sequence.ts";
import { runDifferential, startReference } from "./suite.ts";

const { journal, d1 } = inject("servers");
const SEED = 20_261_121;

describe.concurrent.each([
  ["journal", journal],
  ["d1", d1],
])("differential suite, ACK_MODE=%s", (_, url) => {
  it("finds nothing but deltas", { timeout: 300_000 }, async ({ expect: expectThat }) => {
    const { tests } = await runDifferential({ url, runs: 180, seed: SEED });
    const wrong = tests.filter(({ status }) => status !== "passed");
    expectThat(wrong.map(explain)).toEqual([]);
  });
});

describe("differential suite", () => {
  const WRONG: Readonly<Record<string, Behaviour>> = {
    "leaves out Stream-Up-To-Date": { answer: (answer) => without(answer, "stream-up-to-date") },
    "answers 200 to plain appends": {
      answer: (answer, { method }) =>
        method === "POST" && answer.status === 204 ? { ...answer, status: 200 } : answer,
    },
    "loses every tenth byte of a read": {
      answer: (answer, { method }) =>
        method === "GET" && answer.headers["content-type"] === "text/plain"
          ? { ...answer, body: answer.body.subarray(0, Math.ceil(answer.body.length * 0.9) - 1) }
          : answer,
    },
    "gives the same offset for everything": {
      answer: (answer) =>
        answer.headers["stream-next-offset"] === undefined
          ? answer
          : {
              ...answer,
              headers: {
                ...answer.headers,
                "stream-next-offset": "0000000000000000_0000000000000000",
              },
            },
    },
  };

  it.each(Object.entries(WRONG))(
    "finds the server that %s",
    { timeout: 120_000 },
    async (_, behaviour) => {
      const proxy = await startProxy(journal, behaviour);
      try {
        const options = { url: proxy.url, runs: 60, seed: SEED };
        const { tests } = await runDifferential(options);
        const failed = tests.filter(({ status }) => status === "failed");
        expect(failed).not.toEqual([]);
        expect(failed[0]?.message).toMatch(/differs after .*this server .*, reference /);
        expect(failed[0]?.exchanges).not.toEqual([]);
      } finally {
        await proxy.stop();
      }
    },
  );
});

describe("deltas", () => {
  const clients: Client[] = [];
  const stops: (() => Promise<void>)[] = [];
  let directory: string;
  let references: Readonly<Record<"memory" | "files", Client>>;
  let ours: Client;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "headwater-reference-"));
    const memory = await startReference();
    const files = await startReference({ dataDir: directory });
    stops.push(memory.stop, files.stop);
    ours = new Client(journal);
    references = { memory: new Client(memory.url), files: new Client(files.url) };
    clients.push(ours, references.memory, references.files);
  });

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(stops.map((stop) => stop()));
    await rm(directory, { recursive: true, force: true });
  });

  it("have an example each, a section and a reason", () => {
    expect(EXAMPLES.map(({ id }) => id).toSorted()).toEqual(DELTAS.map(({ id }) => id).toSorted());
    for (const { section, reason } of DELTAS) {
      expect(section).toMatch(/^\d+(\.\d+)*$/);
      expect(reason).toMatch(/^.{40,}\.$/);
    }
  });

  it.each(EXAMPLES)("$id is still there", async ({ id, reference, operations }) => {
    const servers = {
      ours: ours.session(),
      theirs: references[reference].session(),
    };
    const { difference, deltas } = await runSequence(operations, servers);
    expect(difference).toBeUndefined();
    expect(deltas).toContain(id);
  });
});
