/** Stored bytes that are not what was stored: a read gives true bytes or says that it cannot, never others. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { concat } from "./content.ts";
import { ask, compact, flush, inStream, post, put, restart, tuneStreams } from "./harness.ts";
import { random, randomBytes } from "./payload.ts";

const BINARY = "application/octet-stream";
const FRAMES = 40;
const READS_MAX = 100;

beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

async function idOf(path: string): Promise<string> {
  return inStream(path, ({ slot }) => (slot.kind === "present" ? slot.record.id : ""));
}

/** Forty frames of about 7 KB: five marks. */
async function write(path: string, move: (path: string) => Promise<void>): Promise<Uint8Array> {
  await put(path, BINARY);
  const appends = Array.from({ length: FRAMES }, (_, i) => randomBytes(random(i + 1), 7_000 + i));
  for (const body of appends) await post(path, BINARY, body as Uint8Array<ArrayBuffer>);
  await move(path);
  await restart(path);
  return concat(appends);
}

/** Reads on until the end or the first refusal: the bytes that were given, and the code. */
async function readUntilRefused(path: string): Promise<{ bytes: Uint8Array; refusal: string }> {
  const bodies: Uint8Array[] = [];
  let at = "-1";
  for (let reads = 0; reads < READS_MAX; reads++) {
    const answer = await ask(path, {}, `?offset=${at}`);
    if (answer.status !== 200) {
      const { error } = JSON.parse(new TextDecoder().decode(answer.body)) as {
        error: { code: string };
      };
      const retry = answer.headers.get("Retry-After");
      return { bytes: concat(bodies), refusal: `${answer.status} ${error.code} ${retry}` };
    }
    bodies.push(answer.body);
    if (answer.headers.has("Stream-Up-To-Date")) return { bytes: concat(bodies), refusal: "" };
    at = answer.headers.get("Stream-Next-Offset") ?? "";
  }
  throw new Error("The reads do not come to an end.");
}

async function expectTrueBytes(path: string, all: Uint8Array): Promise<number> {
  const { bytes, refusal } = await readUntilRefused(path);
  expect(refusal).toBe("503 unavailable 1");
  expect(bytes.toHex()).toBe(all.subarray(0, bytes.length).toHex());
  return bytes.length;
}

async function replaceObject(path: string, change: (body: Uint8Array) => Uint8Array | undefined) {
  const { objects } = await env.SEGMENTS.list({ prefix: `segments/${await idOf(path)}/` });
  const [key] = objects.map((o) => o.key);
  if (key === undefined) throw new Error("There is no segment.");
  const body = await (await env.SEGMENTS.get(key))?.bytes();
  const changed = change(body ?? new Uint8Array());
  await (changed === undefined ? env.SEGMENTS.delete(key) : env.SEGMENTS.put(key, changed));
}

function flip(at: number): (body: Uint8Array) => Uint8Array {
  return (body) => body.map((byte, i) => (i === at ? byte ^ 0x40 : byte));
}

describe("a segment in R2", () => {
  const length = 7_000;

  it.each([
    ["with a changed byte of the first frame", 100, flip(100)],
    ["with a changed byte in the middle", 150_000, flip(150_000)],
    ["with a length that is too long", 0, flip(1)],
    ["with a length that is longer than the object", 0, flip(0)],
    ["with a frame of no length", 0, (b: Uint8Array) => b.map((v, i) => (i < 4 ? 0 : v))],
    ["cut off in the middle", 150_000, (b: Uint8Array) => b.subarray(0, 150_000)],
    ["cut off inside a length", length + 6, (b: Uint8Array) => b.subarray(0, length + 6)],
    ["that is empty", 0, () => new Uint8Array()],
    ["that is gone", 0, () => undefined],
    ["that is another's of the same size", 0, (b: Uint8Array) => b.toReversed()],
  ])("%s is read up to the damage and no further", async (name, damagedAt, change) => {
    const path = `damage/${name}`;
    const all = await write(path, compact);
    await replaceObject(path, change);
    const given = await expectTrueBytes(path, all);
    expect(given).toBeLessThanOrEqual(damagedAt);
    expect(given).toBeGreaterThan(damagedAt - 80_000);
    // What does not touch the damage is served.
    await post(path, BINARY, "new");
    const tail = await ask(path, {}, "?offset=now");
    expect(tail.status).toBe(200);
  });

  it("from before there were checksums is read, and its lengths are checked", async () => {
    const path = "damage/old";
    const all = await write(path, compact);
    const id = await idOf(path);
    await env.DB.prepare("UPDATE segments SET checksums = NULL WHERE stream_id = ?").bind(id).run();
    const whole = await readUntilRefused(path);
    expect([whole.refusal, whole.bytes.toHex() === all.toHex()]).toEqual(["", true]);
    await replaceObject(path, flip(7_004 + 2));
    // What was read is in memory, and true.
    await restart(path);
    expect(await expectTrueBytes(path, all)).toBe(0);
  });

  it.each([
    ["cut off", "marks = substr(marks, 1, 5)"],
    ["no list", "marks = '{}'"],
    ["without marks", "marks = '[]'"],
    ["with a mark that is none", "marks = json_insert(marks, '$[#]', 5)"],
    ["with another mark", "marks = json_replace(marks, '$[0][1]', 3, '$[1][1]', 70001)"],
    ["with a mark of no place", "marks = json_replace(marks, '$[1][1]', -7)"],
    ["with fewer checksums", "checksums = json_remove(checksums, '$[0]')"],
    ["with no checksums", "checksums = 'null'"],
    ["with another checksum", "checksums = json_replace(checksums, '$[0]', 1)"],
    ["of another start", "start_seq = start_seq + 1"],
    ["of no length", 'end = 0, "end_seq" = 0'],
    ["that is gone", undefined],
  ])("whose row in D1 is %s is not read", async (name, damage) => {
    const path = `damage/row ${name}`;
    const all = await write(path, compact);
    const id = await idOf(path);
    const statement =
      damage === undefined
        ? "DELETE FROM segments WHERE stream_id = ?"
        : `UPDATE segments SET ${damage} WHERE stream_id = ?`;
    const { meta } = await env.DB.prepare(statement).bind(id).run();
    expect(meta.changes).toBe(1);
    expect(await expectTrueBytes(path, all)).toBe(0);
  });
});

describe("a block in D1", () => {
  it.each([
    ["a changed character", "UPDATE blocks SET body = replace(body, 'A', 'B') WHERE stream_id = ?"],
    ["a shorter body", "UPDATE blocks SET body = '[]' WHERE stream_id = ?"],
    ["a body that is no JSON", "UPDATE blocks SET body = substr(body, 2) WHERE stream_id = ?"],
    [
      "other boundaries",
      "UPDATE blocks SET ends = replace(ends, '7000', '7001') WHERE stream_id = ?",
    ],
    ["another place", "UPDATE blocks SET start_seq = start_seq + 1 WHERE stream_id = ?"],
  ])("with %s is not served, and not compacted", async (name, sql) => {
    const path = `damage/block ${name}`;
    const all = await write(path, flush);
    await env.DB.prepare(sql)
      .bind(await idOf(path))
      .run();
    expect(await expectTrueBytes(path, all)).toBe(0);
    await expect(compact(path)).rejects.toThrow("is not what was stored");
    const { objects } = await env.SEGMENTS.list({ prefix: `segments/${await idOf(path)}/` });
    expect(objects).toEqual([]);
  });

  it("that is gone is said to be missing", async () => {
    const path = "damage/no block";
    const all = await write(path, flush);
    await env.DB.prepare("DELETE FROM blocks WHERE stream_id = ?")
      .bind(await idOf(path))
      .run();
    expect(await expectTrueBytes(path, all)).toBe(0);
  });
});
