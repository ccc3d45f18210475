/** `npm run import`: the streams of a file into a server, local or deployed. */

import { ArchiveError } from "./archive/archive-error.ts";
import { parseArguments, run } from "./archive/arguments.ts";
import { importStreams } from "./archive/import-streams.ts";

const USAGE = `Usage: npm run import -- <file> [--url http://127.0.0.1:4437]

  <file>   what npm run export has written
  --url    the server

The server's ADMIN_TOKEN is taken from the environment.`;

const report = (line: string) => console.log(line);

await run(async () => {
  const parsed = parseArguments(process.argv.slice(2), USAGE);
  if (parsed === undefined) {
    console.log(USAGE);
    return true;
  }
  const [file, ...others] = parsed.names;
  if (file === undefined || others.length > 0 || parsed.all) throw new ArchiveError(USAGE);
  const counts = await importStreams({ server: parsed.server, file, report });
  const { imported, identical, expired, failed } = counts;
  console.log(
    `${file}: ${imported} imported, ${identical} already there, ${expired} left out, ${failed} failed.`,
  );
  return failed === 0;
});
