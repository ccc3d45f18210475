/** `npm start`: serves until it is told to stop. */

import { parseArgs } from "node:util";
import { warnOfOpenTickets } from "../src/features/tickets/settings.ts";
import { startServer, type Server } from "./server.ts";
import { StartError } from "./start-error.ts";

const USAGE = `Usage: npm start -- [--port 4437] [--host 127.0.0.1] [--data .headwater]

  --port   where to listen; 0 for any free port
  --host   on which address; anything but loopback is open to the network
  --data   the directory that holds everything (made if missing)
  --help   this text

Variables such as ACK_MODE are taken from the environment: see README.md.`;

interface Arguments {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
}

/** @returns undefined when only the usage was asked for */
function parseArguments(args: readonly string[]): Arguments | undefined {
  const { port, host, data, help } = readFlags(args);
  if (help) return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new StartError([`--port is ${port}: it must be a number from 0 to 65535.`]);
  }
  return { host, port: Number(port), dataDirectory: data };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: "4437" },
        host: { type: "string", default: "127.0.0.1" },
        data: { type: "string", default: ".headwater" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError([reason, USAGE], { cause: error });
  }
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  const server = await startServer({ ...options, variables: process.env });
  const stopped = untilStopped(server);
  if (server.orphans.length > 0) {
    const pids = server.orphans.join(", ");
    console.log(`Ended workerd (pid ${pids}), left behind by a server that was killed.`);
  }
  const { url, dataDirectory, config } = server;
  console.log(
    `Headwater is ready at ${url}/v1/stream/ (data in ${dataDirectory}, ACK_MODE=${config.ackMode})`,
  );
  for (const warning of warnOfOpenTickets(config)) console.warn(warning);
  await stopped;
}

async function untilStopped(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      // Miniflare listens too, and would exit with 128 + the signal's number, the data directory still locked.
      process.removeAllListeners(signal);
      process.on(signal, () => resolve());
    }
  });
  await server.stop();
}

try {
  await main();
  process.exit(0);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  for (const line of error.lines) console.error(line);
  process.exit(1);
}
