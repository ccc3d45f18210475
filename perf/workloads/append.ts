/** Appends: alone, many at one stream, many at many, with a producer, and large ones. */

import { Connection, type Request } from "../connection.ts";
import { createStream, freshName, message, streamPath } from "../streams.ts";
import type { Target } from "../targets.ts";
import { isJournal, isProtocol, type Probe, type Scale, type Workload } from "../workload.ts";

const MIB = 1_024 * 1_024;
const JSON_TYPE = { "Content-Type": "application/json" };

/** What the floor does in the place of an append. */
type FloorWrite = "insert" | "batch";

/** Makes streams, or names of rows on the floor; the function gives the request of the n-th append. */
async function openStreams(
  target: Target,
  floor: FloorWrite,
  count: number,
): Promise<(stream: number, n: number) => Request> {
  const names = Array.from({ length: count }, freshName);
  if (target.kind === "floor") {
    return (stream, n) => ({
      method: "POST",
      path: `/${floor}/${names[stream % count] ?? ""}`,
      headers: JSON_TYPE,
      body: message(n),
    });
  }
  const connection = new Connection(target.url);
  for (const name of names) await createStream(connection, name, "application/json");
  await connection.close();
  return (stream, n) => ({
    method: "POST",
    path: streamPath(names[stream % count] ?? ""),
    headers: JSON_TYPE,
    body: message(n),
  });
}

async function openLatency(target: Target, scale: Scale, floor: FloorWrite): Promise<Probe> {
  const request = await openStreams(target, floor, 1);
  const connection = new Connection(target.url);
  let n = 0;
  return {
    async slice() {
      const append: number[] = [];
      for (let i = 0; i < scale.count(200); i++) {
        append.push((await connection.send(request(0, n++))).durationMs);
      }
      return { append };
    },
    close: () => connection.close(),
  };
}

async function openRate(
  target: Target,
  scale: Scale,
  spread: { readonly writers: number; readonly streams: number; readonly floor: FloorWrite },
): Promise<Probe> {
  const { writers, streams, floor } = spread;
  const request = await openStreams(target, floor, streams);
  const connections = Array.from({ length: writers }, () => new Connection(target.url));
  let n = 0;
  return {
    async slice() {
      const latency: number[] = [];
      const startMs = performance.now();
      const endMs = startMs + scale.duration(1_000);
      await Promise.all(
        connections.map(async (connection, writer) => {
          while (performance.now() < endMs) {
            latency.push((await connection.send(request(writer, n++))).durationMs);
          }
        }),
      );
      return { rate: [latency.length / ((performance.now() - startMs) / 1_000)], latency };
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** Plain and with a producer, in turns: the two are compared with each other. */
async function openProducer(target: Target, scale: Scale): Promise<Probe> {
  const request = await openStreams(target, "insert", 2);
  const connection = new Connection(target.url);
  let n = 0;
  const stamped = (): Request => {
    const { headers, ...rest } = request(1, n);
    const producer = { "Producer-Id": "perf", "Producer-Epoch": "0", "Producer-Seq": String(n) };
    return { ...rest, headers: { ...headers, ...producer } };
  };
  return {
    async slice() {
      const plain: number[] = [];
      const producer: number[] = [];
      for (let i = 0; i < scale.count(150); i++) {
        plain.push((await connection.send(request(0, n))).durationMs);
        producer.push((await connection.send(stamped())).durationMs);
        n += 1;
      }
      return { plain, producer };
    },
    close: () => connection.close(),
  };
}

async function openLarge(target: Target, scale: Scale): Promise<Probe> {
  const name = freshName();
  const connection = new Connection(target.url);
  const headers = { "Content-Type": "application/octet-stream" };
  const path = target.kind === "floor" ? `/insert/${name}` : streamPath(name);
  if (target.kind !== "floor") await createStream(connection, name, headers["Content-Type"]);
  const body = new Uint8Array(MIB);
  for (let i = 0; i < body.length; i++) body[i] = (i * 2_654_435_761) >>> 24;
  return {
    async slice() {
      const append: number[] = [];
      const throughput: number[] = [];
      for (let i = 0; i < Math.min(12, scale.count(200)); i++) {
        const { durationMs } = await connection.send({ method: "POST", path, headers, body });
        append.push(durationMs);
        throughput.push(MIB / 1_000 / durationMs);
      }
      return { append, throughput };
    },
    close: () => connection.close(),
  };
}

const LATENCY = { append: { title: "append", unit: "ms" } } as const;
const RATE = {
  rate: { title: "appends", unit: "/s" },
  latency: { title: "append", unit: "ms" },
} as const;

export const APPEND_WORKLOADS: readonly Workload[] = [
  {
    id: "append-1",
    title: "Append, one writer, 100 B JSON",
    series: LATENCY,
    runsOn: isJournal,
    open: (target, scale) => openLatency(target, scale, "insert"),
  },
  {
    id: "append-32",
    title: "Append, 32 writers, one stream",
    series: RATE,
    runsOn: isJournal,
    open: (target, scale) => openRate(target, scale, { writers: 32, streams: 1, floor: "insert" }),
  },
  {
    id: "append-64-50",
    title: "Append, 64 writers, 50 streams",
    series: RATE,
    runsOn: isJournal,
    open: (target, scale) => openRate(target, scale, { writers: 64, streams: 50, floor: "insert" }),
  },
  {
    id: "producer",
    title: "Idempotent producer, one in flight",
    series: {
      plain: { title: "plain append", unit: "ms" },
      producer: { title: "append with producer headers", unit: "ms" },
    },
    runsOn: (target) => isProtocol(target) && isJournal(target),
    open: openProducer,
  },
  {
    id: "append-1mib",
    title: "Append of 1 MiB, one writer",
    series: {
      append: { title: "append", unit: "ms" },
      throughput: { title: "appended", unit: "MB/s" },
    },
    runsOn: isJournal,
    open: openLarge,
  },
  {
    id: "d1-append-1",
    title: "Append acknowledged by D1, one writer",
    series: LATENCY,
    runsOn: ({ kind }) => kind === "headwater-d1" || kind === "floor",
    open: (target, scale) => openLatency(target, scale, "batch"),
  },
  {
    id: "d1-append-32",
    title: "Append acknowledged by D1, 32 writers, one stream",
    series: RATE,
    runsOn: ({ kind }) => kind === "headwater-d1" || kind === "floor",
    open: (target, scale) => openRate(target, scale, { writers: 32, streams: 1, floor: "batch" }),
  },
];
