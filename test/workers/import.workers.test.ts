/** An import that is interrupted, given up, overtaken or repeated: what is left of it, and what never is seen. */

import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { beginImport, finishImport, importFrames } from "#engine/import.ts";
import { onAlarm } from "#engine/alarm.ts";
import type { Stream } from "#engine/stream.ts";
import { encodeFrameList } from "#protocol/frame-list.ts";
import { chunkOf } from "#protocol/frames.ts";
import { formatManifest, type StreamManifest } from "#protocol/manifest.ts";
import { formatOffset, type Position } from "#protocol/offset.ts";
import type { StreamPath } from "#protocol/path.ts";
import type { Result } from "#protocol/refusal.ts";
import { StorageFault } from "#storage/contract.ts";
import { openJournal } from "#storage/journal.ts";
import {
  ask,
  codeOf,
  flush,
  inStream,
  put,
  readBytes,
  restart,
  stubOf,
  tuneStreams,
} from "./harness.ts";

const DAY_MS = 86_400_000;
const encode = (text: string) => new TextEncoder().encode(text);
const BASE = { seq: 3, byte: 100 };
const TAIL = { seq: 5, byte: 108 };
const FIRST = chunkOf(BASE, [encode("aaaa")]);
const SECOND = chunkOf({ seq: 4, byte: 104 }, [encode("bbbb")]);

const MANIFEST: StreamManifest = {
  id: "exported",
  contentType: "text/plain",
  createdAtMs: 1_000,
  lifetime: { kind: "forever" },
  retention: undefined,
  closed: false,
  closedBy: undefined,
  writerSeq: "7",
  floor: { seq: 2, byte: 50 },
  base: BASE,
  tail: TAIL,
};

beforeAll(() => tuneStreams({ flushIntervalMs: 600_000, segmentBytes: 1_000_000 }));

const outcome = (result: Result<Position>) =>
  result.ok ? formatOffset(result.value) : result.refusal.code;

/** Rows of a stream that is not, or not yet, to be seen. */
async function stagedRows(): Promise<number> {
  const query = env.DB.prepare(
    "SELECT count(*) AS n FROM blocks WHERE stream_id NOT IN (SELECT stream_id FROM streams)",
  );
  return (await query.first<number>("n")) ?? 0;
}

/** Runs the alarm of a path as it will be in some days. */
async function daysLater(path: string, days: number): Promise<void> {
  await inStream(path, async (stream) => {
    const now = Date.now() + days * DAY_MS;
    const { deps } = stream;
    const before = deps.now;
    Object.assign(deps, { now: () => now });
    await onAlarm(stream);
    Object.assign(deps, { now: before });
  });
}

const whole = async (stream: Stream, path: string) => {
  const steps = [outcome(beginImport(stream, MANIFEST))];
  for (const chunk of [FIRST, SECOND]) steps.push(outcome(await importFrames(stream, chunk)));
  steps.push(outcome(finishImport(stream, path as StreamPath, [{ id: "p", epoch: 1, seq: 9 }])));
  return steps;
};

describe("an import", () => {
  it("goes on after a restart, and is there only when it is whole", async () => {
    const path = "import/restart";
    const [at, middle, tail] = [BASE, SECOND.start, TAIL].map(formatOffset);
    expect(await inStream(path, (stream) => outcome(beginImport(stream, MANIFEST)))).toBe(at);
    await restart(path);
    expect(await inStream(path, async (s) => outcome(await importFrames(s, FIRST)))).toBe(middle);
    await restart(path);
    const rest = await inStream(path, async (stream) => [
      outcome(beginImport(stream, MANIFEST)),
      outcome(finishImport(stream, path as StreamPath, [])),
      outcome(await importFrames(stream, FIRST)),
    ]);
    expect(rest).toEqual([middle, "import_conflict", "import_conflict"]);
    expect((await ask(path)).status).toBe(404);
    const end = await inStream(path, async (stream) => [
      outcome(await importFrames(stream, SECOND)),
      outcome(finishImport(stream, path as StreamPath, [])),
    ]);
    expect(end).toEqual([tail, tail]);
    await restart(path);
    const answer = await ask(path);
    expect(new TextDecoder().decode(answer.body)).toBe("aaaabbbb");
    expect(answer.headers.get("Stream-Next-Offset")).toBe(tail);
    const late = await ask(path, {
      method: "POST",
      headers: { "Content-Type": "text/plain", "Stream-Seq": "7" },
      body: "x",
    });
    expect([late.status, codeOf(late.body)]).toEqual([409, "stream_seq_conflict"]);
    // One task was left, and is done: the catalogue learns of the stream by a flush.
    const tasks = await runInDurableObject(stubOf(path), (_, { storage }) =>
      openJournal(storage).tasks(),
    );
    expect(tasks).toEqual([]);
    await flush(path);
    expect(await stagedRows()).toBe(0);
  });

  it("keeps small portions when a large one follows them", async () => {
    const path = "import/mixed";
    const steps = await inStream(path, async (stream) => {
      const begun = [
        outcome(beginImport(stream, MANIFEST)),
        outcome(await importFrames(stream, FIRST)),
      ];
      const { settings } = stream.deps;
      const { segmentBytes } = settings;
      Object.assign(settings, { segmentBytes: 4 });
      begun.push(outcome(await importFrames(stream, SECOND)));
      Object.assign(settings, { segmentBytes });
      return [...begun, outcome(finishImport(stream, path as StreamPath, []))];
    });
    expect(steps.at(-1)).toBe(formatOffset(TAIL));
    await restart(path);
    expect(new TextDecoder().decode(await readBytes(path))).toBe("aaaabbbb");
    await flush(path);
  });

  it("refuses frames of a JSON stream that are no JSON", async () => {
    const manifest = { ...MANIFEST, id: "json", contentType: "application/json" };
    const codes = await inStream("import/json", async (stream) => [
      outcome(beginImport(stream, manifest)),
      outcome(await importFrames(stream, FIRST)),
      outcome(
        await importFrames(stream, chunkOf(BASE, [new Uint8Array([0x22, 0xff, 0xff, 0x22])])),
      ),
      outcome(await importFrames(stream, chunkOf(BASE, [encode("1234")]))),
    ]);
    expect(codes).toEqual([
      formatOffset(BASE),
      "invalid_import",
      "invalid_import",
      formatOffset(SECOND.start),
    ]);
    await daysLater("import/json", 1.1);
  });

  it("is erased when nobody goes on with it for a day, and not before", async () => {
    const path = "import/left";
    await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      await importFrames(stream, FIRST);
    });
    expect(await stagedRows()).toBe(1);
    await daysLater(path, 0.9);
    expect(await stagedRows()).toBe(1);
    await daysLater(path, 1.1);
    expect(await stagedRows()).toBe(0);
    const after = await inStream(path, async (stream) =>
      outcome(await importFrames(stream, SECOND)),
    );
    expect(after).toBe("import_conflict");
  });

  it("that is half erased is not gone on with", async () => {
    const path = "import/half";
    const after = await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      await importFrames(stream, FIRST);
      const { log } = stream.deps;
      const erase = log.erase.bind(log);
      Object.assign(log, { erase: () => Promise.reject(new StorageFault("Away.", "unknown")) });
      const before = stream.deps.now;
      Object.assign(stream.deps, { now: () => Date.now() + 1.1 * DAY_MS });
      await onAlarm(stream);
      Object.assign(stream.deps, { now: before });
      Object.assign(log, { erase });
      return outcome(await importFrames(stream, SECOND));
    });
    expect(after).toBe("import_conflict");
    await daysLater(path, 1.2);
    expect(await stagedRows()).toBe(0);
  });

  it("gives way to the import of another export, and leaves nothing", async () => {
    const path = "import/other";
    const steps = await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      await importFrames(stream, FIRST);
      return [
        outcome(beginImport(stream, { ...MANIFEST, id: "later" })),
        outcome(await importFrames(stream, SECOND)),
      ];
    });
    expect(steps).toEqual([formatOffset(BASE), "import_conflict"]);
    await daysLater(path, 0.1);
    expect(await stagedRows()).toBe(0);
  });

  it("that is given up while frames are on their way leaves nothing either", async () => {
    const path = "import/overtaken";
    const late = await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      const sending = importFrames(stream, FIRST);
      beginImport(stream, { ...MANIFEST, id: "later" });
      return outcome(await sending);
    });
    expect(late).toBe("import_conflict");
    await daysLater(path, 0.1);
    expect(await stagedRows()).toBe(0);
  });

  it("never takes the place of a stream that was created meanwhile", async () => {
    const path = "import/created";
    await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      await importFrames(stream, FIRST);
      await importFrames(stream, SECOND);
    });
    await put(path, "text/plain", "mine");
    const end = await inStream(path, (s) => outcome(finishImport(s, path as StreamPath, [])));
    expect(end).toBe("stream_exists");
    await flush(path);
    await daysLater(path, 1.1);
    expect(await stagedRows()).toBe(0);
    expect(new TextDecoder().decode((await ask(path)).body)).toBe("mine");
  });

  it("takes the same frames only once when they are sent twice at a time", async () => {
    const path = "import/twice";
    const sent = await inStream(path, async (stream) => {
      beginImport(stream, MANIFEST);
      return Promise.all([importFrames(stream, FIRST), importFrames(stream, FIRST)]);
    });
    expect(sent.map(outcome).toSorted()).toEqual([formatOffset(SECOND.start), "import_conflict"]);
    await inStream(path, async (stream) => {
      await importFrames(stream, SECOND);
      finishImport(stream, path as StreamPath, []);
    });
    expect(new TextDecoder().decode((await ask(path)).body)).toBe("aaaabbbb");
  });

  it("comes back at a path where later streams have been, and the next one starts past all of them", async () => {
    const path = "import/restored";
    await put(path, "text/plain", "x".repeat(500));
    await ask(path, { method: "DELETE" });
    const steps = await inStream(path, (stream) => whole(stream, path));
    expect(steps.at(-1)).toBe(formatOffset(TAIL));
    await ask(path, { method: "DELETE" });
    const next = (await put(path, "text/plain")).headers.get("Stream-Next-Offset") ?? "";
    expect(next > formatOffset({ seq: 1, byte: 500 })).toBe(true);
  });

  it.each([
    ["a manifest that is none", "PUT", "", "{}", "invalid_import"],
    ["no JSON", "PUT", "", "{", "invalid_json"],
    ["frames that are none", "POST", `?offset=${formatOffset(BASE)}`, "abc", "invalid_import"],
    ["an offset that is none", "POST", "?offset=1", encodeFrameList(FIRST), "invalid_import"],
    [
      "frames past the tail",
      "POST",
      `?offset=${formatOffset(BASE)}`,
      encodeFrameList(chunkOf(BASE, [encode("x".repeat(9))])),
      "invalid_import",
    ],
    ["producers that are none", "POST", "", '[["p",1]]', "invalid_import"],
  ])("refuses %s", async (name, method, query, body, code) => {
    const path = `import/refused/${name.replaceAll(" ", "-")}`;
    const send = async (init: RequestInit, search = "") => {
      const url = `http://headwater.test/v1/admin/import/${path}${search}`;
      const answer = await stubOf(path).administer(new Request(url, init));
      return { status: answer.status, body: await answer.bytes() };
    };
    const manifest = JSON.stringify(formatManifest(MANIFEST));
    expect((await send({ method: "PUT", body: manifest })).status).toBe(204);
    const answer = await send({ method, body }, query);
    expect([answer.status, codeOf(answer.body)]).toEqual([400, code]);
  });
});
