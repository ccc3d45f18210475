/** The server with fault points as a process of its own: `node test/faults/serve.ts <data directory> <port>`. */

import { startServer } from "../../scripts/server.ts";

const [dataDirectory = "", port = "0"] = process.argv.slice(2);
const server = await startServer({
  dataDirectory,
  port: Number(port),
  entry: "test/faults/worker/index.ts",
  variables: process.env,
});
// The same words as of `npm start`: a launcher waits for them.
console.log(`Headwater is ready at ${server.url}/v1/stream/ (with fault points)`);
