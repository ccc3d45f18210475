/** What the command lines of export and import have in common. */

import { parseArgs } from "node:util";
import { ArchiveError } from "./archive-error.ts";
import type { ServerOptions } from "./server-client.ts";

const URL_DEFAULT = "http://127.0.0.1:4437";

export interface Arguments {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly server: ServerOptions;
}

/**
 * @returns undefined when only the usage was asked for
 * @throws ArchiveError when they cannot be understood, or ADMIN_TOKEN is missing
 */
export function parseArguments(args: readonly string[], usage: string): Arguments | undefined {
  const { values, positionals } = readFlags(args, usage);
  if (values.help) return undefined;
  if (!URL.canParse(values.url) || !/^https?:/.test(values.url)) {
    throw new ArchiveError(`--url is ${values.url}: it must be the URL of a server.`);
  }
  const token = process.env["ADMIN_TOKEN"] ?? "";
  if (token === "") {
    throw new ArchiveError("The variable ADMIN_TOKEN is missing: it must be that of the server.");
  }
  return { names: positionals, all: values.all, server: { url: values.url, token } };
}

function readFlags(args: readonly string[], usage: string) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        all: { type: "boolean", default: false },
        url: { type: "string", default: URL_DEFAULT },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArchiveError(`${reason}\n${usage}`, { cause: error });
  }
}

/** Runs a command: what it throws in words is printed, and every failure is an exit code that is not zero. */
export async function run(command: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await command()) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
