/** The last messages of a stream are found in every tier, and finding them costs a look, not a read of the stream. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  put,
  restart,
  tuneStreams,
} from "./harness.ts";

const JSON_TYPE = "application/json";
const BINARY = "application/octet-stream";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

interface Message {
  readonly i: number;
  readonly pad: string;
}

async function append(path: string, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 10) {
    const messages = Array.from({ length: Math.min(10, to - i) }, (_, k) => ({
      i: i + k,
      pad: "x".repeat(((i + k) * 37) % 4_000),
    }));
    await post(path, JSON_TYPE, JSON.stringify(messages));
  }
}

/** The numbers of the messages that a read from the last `count` on gives, page by page. */
async function lastNumbers(path: string, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for (let query = `?last=${count}`; ;) {
    const answer = await ask(path, {}, query);
    expect(answer.status).toBe(200);
    const messages = JSON.parse(new TextDecoder().decode(answer.body)) as Message[];
    numbers.push(...messages.map(({ i }) => i));
    if (answer.headers.has("Stream-Up-To-Date")) return numbers;
    query = `?offset=${nextOffset(answer)}`;
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => from + k);

describe("last", () => {
  it("finds its place in R2, D1, the journal and memory", async () => {
    const path = "last/tiers";
    await put(path, JSON_TYPE);
    await append(path, 0, 150);
    await compact(path, 100_000);
    await append(path, 150, 250);
    await flush(path);
    await restart(path);
    await append(path, 250, 350);
    await restart(path);
    await append(path, 350, 400);
    const lies = await inStream(path, ({ slot, cache, journalFrom }) =>
      slot.kind === "present"
        ? [slot.record.compacted.seq, journalFrom.seq, cache.start.seq, slot.tail.seq]
        : [],
    );
    expect(lies).toEqual([expect.any(Number), 250, 350, 400]);
    expect(lies[0]).toBeGreaterThan(50);
    for (const count of [1, 9, 49, 50, 51, 133, 150, 151, 199, 240, 260, 301, 350, 399, 400, 900]) {
      expect(await lastNumbers(path, count)).toEqual(range(Math.max(0, 400 - count), 400));
    }
  });

  it("reads one row of a long stream, and no block's bytes", async () => {
    const path = "last/cost";
    await put(path, JSON_TYPE);
    await append(path, 0, 300);
    await flush(path);
    await restart(path);
    // oxlint-disable-next-line typescript/unbound-method -- called with the database that it was taken from
    const { prepare } = env.DB;
    const asked: string[] = [];
    env.DB.prepare = function record(this: D1Database, sql: string) {
      asked.push(sql);
      return prepare.call(this, sql);
    };
    try {
      const limit = "&limit=1&max-bytes=1";
      const answer = await ask(path, {}, `?last=150${limit}`);
      const [message] = JSON.parse(new TextDecoder().decode(answer.body)) as Message[];
      expect(message?.i).toBe(150);
    } finally {
      env.DB.prepare = prepare;
    }
    expect(asked.filter((sql) => sql.includes("body"))).toHaveLength(1);
  });

  it("goes back into what a fork has inherited, also inside an append", async () => {
    const [source, fork] = ["last/source", "last/fork"];
    await put(source, BINARY);
    for (const body of ["aa", "bbbb", "cc"]) await post(source, BINARY, body);
    await ask(fork, {
      method: "PUT",
      headers: {
        "Stream-Forked-From": `/v1/stream/${source}`,
        "Stream-Fork-Offset": "0000000000000001_0000000000000002",
        "Stream-Fork-Sub-Offset": "3",
      },
    });
    await post(fork, BINARY, "DD");
    await post(fork, BINARY, "EE");
    const text = async (count: number) =>
      new TextDecoder().decode((await ask(fork, {}, `?last=${count}`)).body);
    expect([await text(1), await text(2), await text(3), await text(9)]).toEqual([
      "EE",
      "bbbDDEE",
      "aabbbDDEE",
      "aabbbDDEE",
    ]);
  });
});
