/** `npm run export`: streams of a server, local or deployed, into a file. */

import { existsSync } from "node:fs";
import { STREAM_ROOT } from "../src/protocol/names.ts";
import { ArchiveError } from "./archive/archive-error.ts";
import { parseArguments, run } from "./archive/arguments.ts";
import { exportStreams, type Selection } from "./archive/export-streams.ts";

const USAGE = `Usage: npm run export -- <stream> <file> [--url http://127.0.0.1:4437]
       npm run export -- '<prefix>*' <file>
       npm run export -- --all <file>

  <stream>    the path of one stream, such as chat/42
  <prefix>*   all streams whose path begins so
  --all       all streams of the server
  <file>      where to; compressed when it ends in .gz
  --url       the server

The server's ADMIN_TOKEN is taken from the environment.`;

const report = (line: string) => console.log(line);

await run(async () => {
  const parsed = parseArguments(process.argv.slice(2), USAGE);
  if (parsed === undefined) {
    console.log(USAGE);
    return true;
  }
  const names = parsed.all ? ["*", ...parsed.names] : parsed.names;
  const [name, file, ...others] = names;
  if (name === undefined || file === undefined || others.length > 0) throw new ArchiveError(USAGE);
  if (existsSync(file)) throw new ArchiveError(`${file} exists already, and is left as it is.`);
  if (name.startsWith(STREAM_ROOT)) {
    throw new ArchiveError(
      `Name the stream by its path below ${STREAM_ROOT}: ${name.slice(STREAM_ROOT.length)}`,
    );
  }
  const selection: Selection = name.endsWith("*")
    ? { kind: "prefix", prefix: name.slice(0, -1) }
    : { kind: "path", path: name };
  const { streams, failed } = await exportStreams({
    server: parsed.server,
    selection,
    file,
    report,
  });
  console.log(`${file}: ${streams} exported, ${failed} failed.`);
  return failed === 0;
});
