/** Reading a whole stream from the beginning, from the place where its bytes lie. */

import { Connection } from "../connection.ts";
import { createStream, fillBytes, fillJson, freshName, readAll } from "../streams.ts";
import type { Target, Tier } from "../targets.ts";
import { isProtocol, type Probe, type Samples, type Scale, type Workload } from "../workload.ts";

const MIB = 1_024 * 1_024;
const RANGE_BYTES = MIB;

type Place = "memory" | Tier;

interface Shape {
  readonly kind: "binary" | "json";
  readonly place: Place;
  /** MiB of bytes, or thousands of messages. */
  readonly size: number;
  /** How often the stream is read in one slice: small ones more often. */
  readonly reads: number;
}

// What keeps a stream where it is to be read from: flush late, compact late, or as deployed.
const VARIABLES: Readonly<Record<Place, Readonly<Record<string, string>>>> = {
  memory: { FLUSH_INTERVAL_MS: "600000", FLUSH_BYTES: "8388608" },
  journal: { FLUSH_INTERVAL_MS: "600000", FLUSH_BYTES: "8388608" },
  d1: { FLUSH_INTERVAL_MS: "100", SEGMENT_BYTES: "33554432" },
  r2: { FLUSH_INTERVAL_MS: "100", SEGMENT_BYTES: "8388608" },
};

const SERIES = {
  throughput: { title: "read", unit: "MB/s" },
  firstByte: { title: "first byte", unit: "ms" },
} as const;

async function open(target: Target, scale: Scale, shape: Shape): Promise<Probe> {
  if (target.kind === "floor") return openFloor(target, scale, shape);
  const own = await target.another?.(VARIABLES[shape.place]);
  const server = own ?? target;
  const connection = new Connection(server.url);
  const name = freshName();
  const bytes = await fill(connection, name, shape, scale);
  if (shape.place === "d1" || shape.place === "r2") {
    // What is left over after the last whole segment stays in D1.
    const kept = shape.place === "r2" ? bytes - 9 * MIB : bytes;
    await server.settled?.(name, shape.place, kept);
  }
  return {
    slice: () => readSlice(connection, name, bytes, shape.reads),
    close: async () => {
      await connection.close();
      await own?.stop();
    },
  };
}

async function fill(
  connection: Connection,
  name: string,
  { kind, size }: Shape,
  scale: Scale,
): Promise<number> {
  if (kind === "json") {
    await createStream(connection, name, "application/json");
    const count = scale.count(size * 1_000);
    await fillJson(connection, name, 0, count);
    return count * 100;
  }
  await createStream(connection, name, "application/octet-stream");
  const piece = new Uint8Array(MIB / 4);
  for (let i = 0; i < piece.length; i++) piece[i] = (i * 2_654_435_761) >>> 24;
  const pieces = Math.ceil(scale.count(size * 100) / 25);
  await fillBytes(connection, name, piece, pieces);
  return pieces * piece.length;
}

async function readSlice(
  connection: Connection,
  name: string,
  bytes: number,
  reads: number,
): Promise<Samples> {
  const throughput: number[] = [];
  const firstByte: number[] = [];
  for (let i = 0; i < reads; i++) {
    const read = await readAll(connection, name);
    if (read.bytes < bytes) throw new Error(`${read.bytes} of ${bytes} bytes were read.`);
    throughput.push(read.bytes / 1_000 / read.durationMs);
    firstByte.push(read.firstByteMs);
  }
  return { throughput, firstByte };
}

/** Ranges of one object in R2, one after the other: what a server could not be faster than. */
async function openFloor(target: Target, scale: Scale, { size, reads }: Shape): Promise<Probe> {
  const connection = new Connection(target.url);
  const key = `floor-${freshName().replaceAll("/", "-")}`;
  const body = new Uint8Array(8 * MIB).fill(120);
  await connection.send({ method: "PUT", path: `/range/${key}`, body });
  const ranges = Math.ceil(scale.count(size * 100) / 100);
  return {
    async slice() {
      const throughput: number[] = [];
      const firstByte: number[] = [];
      for (let read = 0; read < reads; read++) {
        const startMs = performance.now();
        for (let i = 0; i < ranges; i++) {
          const offset = (i % 8) * RANGE_BYTES;
          const path = `/range/${key}?offset=${offset}&length=${RANGE_BYTES}`;
          const answer = await connection.send({ method: "GET", path });
          if (i === 0) firstByte.push(answer.firstByteMs);
        }
        throughput.push((ranges * RANGE_BYTES) / 1_000 / (performance.now() - startMs));
      }
      return { throughput, firstByte };
    },
    close: () => connection.close(),
  };
}

function workload(id: string, title: string, shape: Shape): Workload {
  const onFloor = shape.place === "r2" && shape.kind === "binary";
  return {
    id,
    title,
    series: SERIES,
    runsOn: (target) =>
      target.kind === "floor" ? onFloor : isProtocol(target) && target.kind !== "headwater-d1",
    open: (target, scale) => open(target, scale, shape),
  };
}

export const CATCH_UP_WORKLOADS: readonly Workload[] = [
  workload("catch-up-memory", "Catch-up of 1 MiB binary, from memory", {
    kind: "binary",
    place: "memory",
    size: 1,
    reads: 20,
  }),
  workload("catch-up-journal", "Catch-up of 7 MiB binary, from the journal", {
    kind: "binary",
    place: "journal",
    size: 7,
    reads: 5,
  }),
  workload("catch-up-d1", "Catch-up of 30 MiB binary, from D1", {
    kind: "binary",
    place: "d1",
    size: 30,
    reads: 3,
  }),
  workload("catch-up-r2", "Catch-up of 50 MiB binary, from R2", {
    kind: "binary",
    place: "r2",
    size: 50,
    reads: 4,
  }),
  workload("catch-up-json-memory", "Catch-up of 10,000 small JSON messages, from memory", {
    kind: "json",
    place: "memory",
    size: 10,
    reads: 10,
  }),
  workload("catch-up-json-d1", "Catch-up of 50,000 small JSON messages, from D1", {
    kind: "json",
    place: "d1",
    size: 50,
    reads: 4,
  }),
  workload("catch-up-json-r2", "Catch-up of 500,000 small JSON messages, from R2", {
    kind: "json",
    place: "r2",
    size: 500,
    reads: 2,
  }),
];
