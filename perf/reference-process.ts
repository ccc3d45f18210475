/** A process with the reference server in it: in memory, or on files in the directory that is the one argument. */

import { DurableStreamTestServer } from "@durable-streams/server";

const [dataDir] = process.argv.slice(2);
const server = new DurableStreamTestServer({
  port: 0,
  host: "127.0.0.1",
  ...(dataDir === undefined ? {} : { dataDir }),
});
process.send?.(await server.start());
process.once("disconnect", () => process.exit());
