/** The official client against the started server. */

import { DurableStream, IdempotentProducer, stream } from "@durable-streams/client";
import { describe, expect, inject, it } from "vitest";

const servers = inject("servers");
const paths = { next: 0 };

describe.each(["journal", "d1"] as const)("the official client, ACK_MODE=%s", (mode) => {
  const newUrl = () => `${servers[mode]}/v1/stream/client/${(paths.next += 1)}`;
  const createJson = () => DurableStream.create({ url: newUrl(), contentType: "application/json" });

  it("creates, appends and reads back", async () => {
    const handle = await createJson();
    await handle.append(JSON.stringify({ n: 1 }));
    await handle.append(JSON.stringify({ n: 2 }));
    expect(await readJson(handle.url)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await handle.head()).toMatchObject({ exists: true, contentType: "application/json" });
  });

  it("appends many at once as batches, in order", async () => {
    const handle = await createJson();
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => handle.append(String(n))));
    expect(await readJson(handle.url)).toEqual(numbers);
  });

  it("reads bytes as they were appended", async () => {
    const url = newUrl();
    const handle = await DurableStream.create({ url, contentType: "application/octet-stream" });
    await handle.append(new Uint8Array([0, 255, 13, 10]));
    await handle.append(new Uint8Array([128]));
    const response = await stream({ url, live: false });
    expect([...(await response.body())]).toEqual([0, 255, 13, 10, 128]);
  });

  it.each(["sse", "long-poll"] as const)("follows by %s until the stream closes", async (live) => {
    const handle = await createJson();
    await handle.append("1");
    const response = await stream<number>({ url: handle.url, live });
    const received: number[] = [];
    for await (const item of response.jsonStream()) {
      received.push(item);
      // Each message is appended only when the one before it has arrived live.
      if (item < 4) await handle.append(String(item + 1));
      else if (item === 4) await handle.close({ body: "5" });
    }
    expect(received).toEqual([1, 2, 3, 4, 5]);
  });

  it("resumes from a saved offset", async () => {
    const handle = await createJson();
    await handle.append("1");
    const first = await stream<number>({ url: handle.url, live: false });
    expect(await first.json()).toEqual([1]);
    await handle.append("2");
    expect(await readJson(handle.url, first.offset)).toEqual([2]);
  });

  it("produces each message once, though every request is sent twice", async () => {
    const handle = await createJson();
    const statuses: number[] = [];
    const producer = new IdempotentProducer(handle, "twice", {
      maxBatchBytes: 64,
      maxInFlight: 1,
      fetch: async (...request) => {
        const first = await fetch(...request);
        const second = await fetch(...request);
        statuses.push(second.status);
        return first;
      },
    });
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) producer.append(String(n));
    await producer.flush();
    expect(statuses.length).toBeGreaterThan(1);
    expect(new Set(statuses)).toEqual(new Set([204]));
    expect(await readJson(handle.url)).toEqual(numbers);
  });

  it("produces in order with several batches in flight", async () => {
    const handle = await createJson();
    const producer = new IdempotentProducer(handle, "pipelined", { maxBatchBytes: 64 });
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    for (const n of numbers) producer.append(String(n));
    await producer.close();
    expect(await readJson(handle.url)).toEqual(numbers);
    expect(await handle.head()).toMatchObject({ streamClosed: true });
  });
});

async function readJson(url: string, offset = "-1"): Promise<unknown[]> {
  const response = await stream({ url, offset, live: false });
  return response.json();
}
