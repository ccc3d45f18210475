/**
 * `npm run perf:profile -- WORKLOAD [FILE]`: where the Worker and its objects spend their time during one workload.
 * Writes a CPU profile that Chrome's developer tools open, and prints the functions that took the most.
 */

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { startOwn } from "./targets.ts";
import { FULL } from "./workload.ts";
import { WORKLOADS } from "./workloads/all.ts";

const SLICES = 3;
const SHOWN = 35;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A connection to the inspector: a command, and its result. */
async function connect(port: number) {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(list[0]?.webSocketDebuggerUrl ?? "");
  await once(socket, "open");
  let last = 0;
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  const send = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  return { send, close: () => socket.close() };
}

/** Time by function, the longest first, in ms. */
function byFunction({ nodes, samples, timeDeltas }: CpuProfile): [string, number][] {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || "(anonymous)"} ${url.slice(url.lastIndexOf("/") + 1)}:${lineNumber + 1}`,
    ]),
  );
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = names.get(id) ?? "?";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0) / 1_000);
  });
  return [...times].toSorted((a, b) => b[1] - a[1]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

const [id, file = ".perf/worker.cpuprofile"] = process.argv.slice(2);
const workload = WORKLOADS.find((w) => w.id === id);
if (workload === undefined) {
  throw new Error(`Name a workload: ${WORKLOADS.map((w) => w.id).join(", ")}.`);
}
const inspectorPort = await freePort();
const other = await freePort();
const target = await startOwn({ name: "headwater", kind: "headwater", inspectorPort });
let profiled = inspectorPort;
const measured = {
  ...target,
  another: (variables: Readonly<Record<string, string>>) => {
    profiled = other;
    const options = { name: "headwater", kind: "headwater", inspectorPort: other } as const;
    return startOwn({ ...options, variables });
  },
};
// A workload that needs a server with other variables starts one: the profile is of the last that was started.
const probe = await workload.open(measured, FULL);
await probe.slice();
const inspector = await connect(profiled);
await inspector.send("Profiler.enable");
await inspector.send("Profiler.setSamplingInterval", { interval: 100 });
await inspector.send("Profiler.start");
for (let i = 0; i < SLICES; i++) await probe.slice();
const { profile } = (await inspector.send("Profiler.stop")) as { profile: CpuProfile };
inspector.close();
await probe.close();
await target.stop();
await writeFile(file, JSON.stringify(profile));
for (const [name, ms] of byFunction(profile).slice(0, SHOWN)) {
  console.log(`${ms.toFixed(0).padStart(8)} ms  ${name}`);
}
console.log(`The profile is in ${file}.`);
