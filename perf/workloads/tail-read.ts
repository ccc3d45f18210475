/** The smallest read there is: the newest message, in memory. */

import { Connection, type Request } from "../connection.ts";
import { createStream, fillJson, freshName, streamPath, tailOf } from "../streams.ts";
import type { Target } from "../targets.ts";
import { isJournal, type Probe, type Scale, type Workload } from "../workload.ts";

async function openStream(target: Target): Promise<Request> {
  const name = freshName();
  if (target.kind === "floor") return { method: "GET", path: `/answer/${name}` };
  const connection = new Connection(target.url);
  await createStream(connection, name, "application/json");
  await fillJson(connection, name, 0, 100);
  const offset = await tailOf(connection, name);
  await fillJson(connection, name, 100, 1);
  await connection.close();
  return { method: "GET", path: `${streamPath(name)}?offset=${offset}` };
}

async function openAlone(target: Target, scale: Scale): Promise<Probe> {
  const request = await openStream(target);
  const connection = new Connection(target.url);
  return {
    async slice() {
      const read: number[] = [];
      for (let i = 0; i < scale.count(300); i++) {
        read.push((await connection.send(request)).durationMs);
      }
      return { read };
    },
    close: () => connection.close(),
  };
}

async function openMany(target: Target, scale: Scale): Promise<Probe> {
  const request = await openStream(target);
  const connections = Array.from({ length: 32 }, () => new Connection(target.url));
  return {
    async slice() {
      const latency: number[] = [];
      const startMs = performance.now();
      const endMs = startMs + scale.duration(800);
      const read = async (connection: Connection) => {
        while (performance.now() < endMs) latency.push((await connection.send(request)).durationMs);
      };
      await Promise.all(connections.map(read));
      return { rate: [latency.length / ((performance.now() - startMs) / 1_000)], latency };
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** An object that says nothing at all: what is left of a request when everything is taken away. */
async function openNothing(target: Target, scale: Scale): Promise<Probe> {
  const connection = new Connection(target.url);
  const request = { method: "GET", path: `/object/${freshName()}` } as const;
  const alone = { method: "GET", path: "/worker" } as const;
  return {
    async slice() {
      const object: number[] = [];
      const worker: number[] = [];
      for (let i = 0; i < scale.count(300); i++) {
        object.push((await connection.send(request)).durationMs);
        worker.push((await connection.send(alone)).durationMs);
      }
      return { worker, object };
    },
    close: () => connection.close(),
  };
}

export const TAIL_READ_WORKLOADS: readonly Workload[] = [
  {
    id: "tail-read-1",
    title: "Read of the newest message, one reader",
    series: { read: { title: "read", unit: "ms" } },
    runsOn: isJournal,
    open: openAlone,
  },
  {
    id: "tail-read-32",
    title: "Read of the newest message, 32 readers",
    series: {
      rate: { title: "reads", unit: "/s" },
      latency: { title: "read", unit: "ms" },
    },
    runsOn: isJournal,
    open: openMany,
  },
  {
    id: "nothing",
    title: "The runtime alone",
    series: {
      worker: { title: "Worker that answers 204", unit: "ms" },
      object: { title: "object that answers 204", unit: "ms" },
    },
    runsOn: ({ kind }) => kind === "floor",
    open: openNothing,
  },
];
