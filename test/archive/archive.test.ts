/** Export and import end to end: a full server, a file, an empty server, and the same answers to everything. */

import { readFile, writeFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeLine, type ArchiveRecord } from "../../scripts/archive/records.ts";
import {
  beginImport,
  fetchFrames,
  sendFrames,
  snapshot,
} from "../../scripts/archive/server-client.ts";
import { codeOf, nextOffset, pause, post, producer, put } from "../http/http.ts";
import { fillServer, PATHS } from "./sample.ts";
import { catalogue, operatorOf, Scene } from "./scene.ts";

const JSON_TYPE = "application/json";
const BINARY = "application/octet-stream";
const ALL = { kind: "prefix", prefix: "backup/" } as const;

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open();
  await fillServer(scene.source.url);
  while ((await catalogue(scene.source, "backup/")).length !== PATHS.length) await pause(100);
}, 60_000);

afterAll(() => scene.close());

describe("damage", () => {
  const lines = async () =>
    (await readFile(await exportOnce())).toString().split("\n").slice(0, -1);
  let file: Promise<string> | undefined;
  const exportOnce = () => (file ??= scene.exportFile("damage.ndjson", ALL));

  async function refused(name: string, bytes: Buffer | string, message: RegExp): Promise<void> {
    const damaged = scene.fileOf(name);
    await writeFile(damaged, bytes);
    await expect(scene.importFile(damaged)).rejects.toThrow(message);
  }

  it("of one byte, anywhere, is found before anything is written", async () => {
    const whole = await readFile(await exportOnce());
    for (let i = 1; i <= 12; i++) {
      const flipped = Buffer.from(whole);
      const at = Math.floor((whole.length * i) / 13);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await refused("flipped", flipped, /damaged|cut off|does not follow/);
    }
  });

  it("by an end that is missing is found, wherever it is cut", async () => {
    const whole = await readFile(await exportOnce());
    for (const length of [0, 1, 100, whole.length >> 1, whole.length - 1]) {
      await refused("cut", whole.subarray(0, length), /cut off|damaged/);
    }
    const all = await lines();
    await refused("cut", `${all.slice(0, -1).join("\n")}\n`, /the end of the export is missing/);
    const gzip = gzipSync(whole);
    await refused("cut.gz", gzip.subarray(0, gzip.length - 100), /cannot be read|cut off/);
    await refused("plain.gz", whole, /cannot be read/);
  });

  it("by lines that are missing, doubled or in another order is found", async () => {
    const all = await lines();
    const index = all.findIndex((line) => line.includes('"kind":"frames"'));
    const stream = all.findIndex((line) => line.includes('"kind":"end"'));
    const joined = (some: readonly string[]) => `${some.join("\n")}\n`;
    await refused("missing", joined(all.toSpliced(index, 1)), /damaged/);
    await refused("doubled", joined(all.toSpliced(index, 0, all[index] ?? "")), /damaged/);
    await refused("swapped", joined([...all.slice(0, 1), ...all.slice(stream + 1)]), /damaged/);
    await refused("longer", joined([...all, all.at(-1) ?? ""]), /follows the end/);
  });

  it("is told from another format and another version", async () => {
    const header = {
      kind: "header",
      format: "headwater-export",
      version: 2,
      exportedAt: "",
      server: "",
    };
    await refused("version", encodeLine(header as ArchiveRecord), /version 2 .* reads version 1/);
    await refused("format", encodeLine({ ...header, format: "x" } as ArchiveRecord), /no export/);
    await refused("other", '{"a":1}\n', /damaged/);
    await expect(scene.importFile(scene.fileOf("none"))).rejects.toThrow(/cannot be read/);
  });

  it("has left nothing on the server", async () => {
    expect(await catalogue(scene.target, "backup/")).toEqual([]);
    for (const path of PATHS) {
      expect((await fetch(`${scene.target.url}/v1/stream/${path}`)).status).toBe(404);
    }
  });
});

describe("a whole server", () => {
  let file = "";

  it("is exported into a file, gzipped by its name", async () => {
    file = await scene.exportFile("all.ndjson.gz", ALL);
    const records = gunzipSync(await readFile(file))
      .toString()
      .split("\n");
    expect(records[0]).toContain('"kind":"header","format":"headwater-export","version":1');
  });

  it("goes on where an import was interrupted, and shows no stream before it is whole", async () => {
    const path = "backup/bytes";
    const { manifest } = await snapshot(operatorOf(scene.source), path);
    expect(await beginImport(operatorOf(scene.target), path, manifest)).toEqual(manifest.base);
    const chunk = await fetchFrames(operatorOf(scene.source), path, manifest, manifest.base);
    await sendFrames(operatorOf(scene.target), path, chunk);
    // An answer that was lost: the same again changes nothing.
    await sendFrames(operatorOf(scene.target), path, chunk);
    const at = await beginImport(operatorOf(scene.target), path, manifest);
    expect(at.byte).toBe(chunk.payload.length);
    expect(at.byte).toBeLessThan(manifest.tail.byte);
    expect((await fetch(`${scene.target.url}/v1/stream/${path}`)).status).toBe(404);
  });

  it("comes back on another", async () => {
    expect(await scene.importFile(file)).toEqual({
      imported: PATHS.length,
      identical: 0,
      expired: 0,
      failed: 0,
    });
  });

  it.each(PATHS)(
    "with the same answer to every read of %s",
    (path) => scene.sameReads(path),
    60_000,
  );

  it("with the same catalogue", async () => {
    const expected = await catalogue(scene.source, "backup/");
    await expect
      .poll(() => catalogue(scene.target, "backup/"), { timeout: 20_000 })
      .toEqual(expected);
  });

  it("and is found identical when it is imported again", async () => {
    const counts = await scene.importFile(file);
    expect(scene.reports.filter((line) => line.startsWith("FAILED"))).toEqual([]);
    expect(counts).toEqual({ imported: 0, identical: PATHS.length, expired: 0, failed: 0 });
  });

  it("where producers, Stream-Seq and closure go on as they would have", async () => {
    for (const server of [scene.source, scene.target]) {
      const url = (path: string) => `${server.url}/v1/stream/backup/${path}`;
      const order = (epoch: number, seq: number) =>
        post(url("orders"), JSON_TYPE, '{"order":5}', producer(epoch, seq));
      const statuses = [];
      for (const [epoch, seq] of [
        [2, 4],
        [2, 6],
        [1, 5],
        [2, 5],
        [2, 5],
      ] as const) {
        statuses.push((await order(epoch, seq)).status);
      }
      expect(statuses).toEqual([204, 409, 403, 200, 204]);
      const other = { ...producer(0, 5), "Producer-Id": "q \u00fc" };
      expect((await post(url("orders"), JSON_TYPE, "0", other)).status).toBe(200);
      const seq = (value: string) => post(url("seq"), "text/plain", "x", { "Stream-Seq": value });
      expect([(await seq("0020")).status, (await seq("0021")).status]).toEqual([409, 204]);
      const closing = { ...producer(3, 0), "Stream-Closed": "true" };
      const again = await post(url("closed-by-producer"), "text/plain", "end", closing);
      expect([again.status, again.headers.get("Stream-Closed")]).toEqual([204, "true"]);
      const late = await post(url("closed"), JSON_TYPE, "3");
      expect([late.status, await codeOf(late)]).toEqual([409, "stream_closed"]);
      await post(url("fork-inside"), BINARY, "five");
    }
    for (const path of ["backup/orders", "backup/seq", "backup/fork-inside"])
      await scene.sameReads(path);
  });

  it("and is not imported over streams that have gone on", async () => {
    const counts = await scene.importFile(file);
    expect(counts).toMatchObject({ imported: 0, identical: PATHS.length - 3, failed: 3 });
    const failed = scene.reports.filter((line) => line.startsWith("FAILED"));
    expect(failed).toContainEqual(
      expect.stringMatching(/backup\/orders: the stream .* has gone on .* differs in tail/),
    );
    await scene.sameReads("backup/orders");
  });

  it("past whose streams a deleted path goes on: no offset is given twice", async () => {
    const url = `${scene.target.url}/v1/stream/backup/again`;
    const { headers } = await fetch(url, { method: "HEAD" });
    await fetch(url, { method: "DELETE" });
    const after = nextOffset(await put(url, "text/plain"));
    expect(after > (headers.get("Stream-Next-Offset") ?? "")).toBe(true);
    // A deleted stream comes back with the offsets that it had.
    expect(await scene.importFile(file)).toMatchObject({ failed: 4 });
    await fetch(url, { method: "DELETE" });
    expect(await scene.importFile(file)).toMatchObject({ imported: 1, failed: 3 });
    await scene.sameReads("backup/again");
  });
});
