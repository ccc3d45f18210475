/** Two servers with small segments, a directory for files between them, and what the tests ask of both. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { exportStreams, type Selection } from "../../scripts/archive/export-streams.ts";
import { importStreams, type Imported } from "../../scripts/archive/import-streams.ts";
import type { ServerOptions } from "../../scripts/archive/server-client.ts";
import { startServer, type Server } from "../../scripts/server.ts";
import { nextOffset } from "../http/http.ts";

const COMPARED = [
  "Content-Type",
  "Stream-Next-Offset",
  "Stream-Up-To-Date",
  "Stream-Closed",
  "Stream-TTL",
  "Stream-Expires-At",
  "Stream-Retention-Messages",
  "Stream-Earliest-Offset",
];

export const TOKEN = "a-token-of-the-archive-tests";

export class Scene {
  readonly directory: string;
  readonly source: Server;
  readonly target: Server;
  /** What the last import said. */
  reports: string[] = [];

  constructor(directory: string, source: Server, target: Server) {
    this.directory = directory;
    this.source = source;
    this.target = target;
  }

  static async open(): Promise<Scene> {
    const directory = await mkdtemp(join(tmpdir(), "headwater-archive-"));
    const start = (name: string) =>
      startServer({
        dataDirectory: join(directory, name),
        variables: {
          ADMIN_TOKEN: TOKEN,
          TICKETS_ADMIN_TOKEN: TOKEN,
          TICKETS_SCANNER_TOKEN: TOKEN,
          SEGMENT_BYTES: "65536",
          FLUSH_BYTES: "16384",
          FLUSH_INTERVAL_MS: "200",
        },
      });
    return new Scene(directory, await start("source"), await start("target"));
  }

  async close(): Promise<void> {
    await Promise.all([this.source.stop(), this.target.stop()]);
    await rm(this.directory, { recursive: true, force: true });
  }

  fileOf(name: string): string {
    return join(this.directory, name);
  }

  /** Exports from the source. */
  async exportFile(name: string, selection: Selection): Promise<string> {
    const file = this.fileOf(name);
    await exportStreams({
      server: operatorOf(this.source),
      selection,
      file,
      report: () => undefined,
    });
    return file;
  }

  /** Imports into the target. */
  importFile(file: string): Promise<Imported> {
    this.reports = [];
    const report = (line: string) => void this.reports.push(line);
    return importStreams({ server: operatorOf(this.target), file, report });
  }

  /** Asks both servers the same, and expects the same answer, as far as no tier and no clock has a part in it. */
  async sameAnswer(path: string, query: string, method = "GET"): Promise<Response> {
    const ask = (server: Server) => fetch(`${server.url}/v1/stream/${path}${query}`, { method });
    const [expected, found] = [await ask(this.source), await ask(this.target)];
    expect(await seen(found), `${path}${query}`).toEqual(await seen(expected));
    return expected;
  }

  /** Every answer that a reader can get, message by message, and of bytes also from inside a message. */
  async sameReads(path: string): Promise<void> {
    await this.sameAnswer(path, "", "HEAD");
    // An answer may end where a segment does: only what is less than that is the same everywhere.
    for (const bound of ["limit=1", "limit=1&max-bytes=10007"]) {
      for (let offset = "-1"; ;) {
        const answer = await this.sameAnswer(path, `?offset=${offset}&${bound}`);
        expect(answer.status).toBe(200);
        offset = nextOffset(answer);
        if (answer.headers.has("Stream-Up-To-Date")) break;
      }
    }
    for (const query of ["?offset=now", "?last=1", "?last=2&limit=1"]) {
      await this.sameAnswer(path, query);
    }
    for (const offset of [
      "0000000000000000_0000000000000001",
      "0000000000000002_0000000000000003",
    ]) {
      await this.sameAnswer(path, `?offset=${offset}&limit=1`);
    }
  }
}

export function operatorOf(server: Server): ServerOptions {
  return { url: server.url, token: TOKEN };
}

/** The streams that a server lists under a prefix. */
export async function catalogue(server: Server, prefix: string): Promise<{ path: string }[]> {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${server.url}/v1/streams?prefix=${prefix}&limit=1000`, { headers });
  return ((await answer.json()) as { streams: { path: string }[] }).streams;
}

async function seen(answer: Response) {
  const headers = COMPARED.map((name) => [name, answer.headers.get(name)]);
  const body = Buffer.from(await answer.arrayBuffer()).toString("latin1");
  return { status: answer.status, headers, body };
}
