/**
 * `npm run demo:pipe`: a large real source goes through the server, which is killed in the middle, and arrives whole.
 *
 * Every line of `git log -p` becomes a JSON message, sent by the official client's IdempotentProducer. A second
 * process (this file with --follow) reads by SSE and writes what it receives to a file. In the middle SIGKILL takes
 * launcher and workerd at once; the server starts again on the same port and data. At the end the source, a fresh
 * catch-up read and the follower's file must have the same number of messages and the same SHA-256.
 *
 * What the client library does by itself: the producer numbers its batches and puts a batch that came too early
 * (409) behind the earlier ones; a reader connects again when the server ends an SSE answer in good order. What it
 * leaves to us: the producer sends each batch once, so `fetchUntilAnswered` repeats the same request until the server
 * answers; a reader whose connection breaks fails, so `follow` starts a new one from the last offset; a read that is
 * not live ends after one answer, so `readAll` asks again until it is up to date.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DurableStream, IdempotentProducer, stream } from "@durable-streams/client";
import { launch, type Launched } from "./launch.ts";

const BATCH_BYTES_MAX = 16_384;
const IN_FLIGHT_MAX = 10;
const RETRY_MS = 50;
const DOWN_MS = 500;

interface Message {
  readonly line: number;
  readonly text: string;
}

/** The number of the messages and a hash over all of them, one after the other. */
class Digest {
  count = 0;
  readonly #hash = createHash("sha256");

  add(message: string): void {
    this.count += 1;
    this.#hash.update(`${message}\n`);
  }

  finish(): string {
    return `${String(this.count).padStart(8)} messages  sha256 ${this.#hash.digest("hex")}`;
  }
}

const { values: flags } = parseArgs({
  options: {
    repository: { type: "string", default: join(import.meta.dirname, "..") },
    lines: { type: "string", default: "100000" },
    "timeout-seconds": { type: "string", default: "300" },
    follow: { type: "string" },
    output: { type: "string", default: "" },
  },
});

if (flags.follow === undefined) {
  const signal = AbortSignal.timeout(Number(flags["timeout-seconds"]) * 1_000);
  process.exit((await demonstrate(flags.repository, Number(flags.lines), signal)) ? 0 : 1);
} else {
  await follow(flags.follow, flags.output);
}

async function demonstrate(
  repository: string,
  lines: number,
  signal: AbortSignal,
): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), "headwater-pipe-"));
  const cleanUp: (() => void)[] = [];
  // Whatever hangs, hangs no longer than this.
  const onTimeout = () => {
    console.error("FAILED: it took too long");
    for (const action of cleanUp) action();
    process.exit(1);
  };
  signal.addEventListener("abort", onTimeout);
  try {
    let server = await startServer(directory, 0);
    cleanUp.push(() => server.launched.killGroup());
    const url = `${server.url}/v1/stream/pipe`;
    const handle = await DurableStream.create({ url, contentType: "application/json" });

    const file = join(directory, "followed");
    const follower = startFollower(url, file);
    cleanUp.push(() => follower.kill());

    const counts = { sent: 0, repeated: 0, duplicates: 0 };
    const producer = new IdempotentProducer(handle, "pipe-demo", {
      maxBatchBytes: BATCH_BYTES_MAX,
      fetch: fetchUntilAnswered(counts),
    });
    let restarted: Promise<void> | undefined;
    const source = new Digest();
    for await (const message of readSource(repository, lines)) {
      const json = JSON.stringify(message);
      source.add(json);
      producer.append(json);
      while (producer.inFlightCount >= IN_FLIGHT_MAX) await sleep(1);
      if (source.count === Math.floor(lines / 2)) {
        const port = Number(new URL(url).port);
        restarted = killAndRestart(server.launched, directory, port).then((next) => {
          server = next;
        });
      }
    }
    await restarted;
    await producer.close();
    console.log(
      `The producer sent ${counts.sent} requests, ${counts.repeated} of them again; ${counts.duplicates} were answered as duplicates.`,
    );

    await once(follower, "close");
    const results = [source.finish(), await readAll(url), await digestFile(file)];
    server.launched.stop();
    await server.launched.exit;
    ["source  ", "catch-up", "follower"].forEach((name, i) => console.log(`${name} ${results[i]}`));
    const same = new Set(results).size === 1 && source.count === lines;
    console.log(same ? "OK: all three are the same" : "FAILED: they differ");
    return same;
  } finally {
    signal.removeEventListener("abort", onTimeout);
    for (const action of cleanUp) action();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startServer(directory: string, port: number) {
  const launched = launch(["--data", join(directory, "data"), "--port", String(port)]);
  const url = await launched.ready;
  for (const line of launched.stdout) console.log(line);
  if (url === undefined) throw new Error(launched.stderr.join("\n"));
  return { launched, url };
}

async function killAndRestart(launched: Launched, directory: string, port: number) {
  console.log(`SIGKILL to process group ${launched.pid}`);
  launched.killGroup();
  await launched.exit;
  await sleep(DOWN_MS);
  return startServer(directory, port);
}

/** The same request, with the same producer headers, until there is an answer that is not the server's own trouble. */
function fetchUntilAnswered(counts: { sent: number; repeated: number; duplicates: number }) {
  return async (...request: Parameters<typeof fetch>): Promise<Response> => {
    for (let attempt = 0; ; attempt += 1) {
      counts.sent += 1;
      if (attempt > 0) counts.repeated += 1;
      try {
        const response = await fetch(...request);
        if (response.status === 204) counts.duplicates += 1;
        if (response.status < 500) return response;
        await response.body?.cancel();
      } catch (error) {
        // What fetch throws when there is no answer.
        if (!(error instanceof TypeError)) throw error;
      }
      await sleep(RETRY_MS);
    }
  };
}

/** The lines of `git log -p`, from the beginning again when there are too few. */
async function* readSource(repository: string, lines: number): AsyncGenerator<Message> {
  let line = 0;
  while (line < lines) {
    const git = spawn("git", ["-C", repository, "log", "-p"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const before = line;
    for await (const text of createInterface(git.stdout)) {
      if (line === lines) break;
      yield { line, text };
      line += 1;
    }
    git.kill();
    if (line === before) throw new Error(`git log -p of ${repository} is empty`);
  }
}

function startFollower(url: string, file: string) {
  const args = [import.meta.filename, "--follow", url, "--output", file];
  return spawn(process.execPath, args, { stdio: "inherit" });
}

/** Writes every message to a file, one per line, until the stream is closed. */
async function follow(url: string, file: string): Promise<void> {
  const output = createWriteStream(file);
  const position = { offset: "-1", closed: false };
  let resumed = 0;
  while (!position.closed) {
    try {
      const response = await stream<Message>({ url, offset: position.offset, live: "sse" });
      response.subscribeJson((batch) => {
        for (const message of batch.items) output.write(`${JSON.stringify(message)}\n`);
        position.offset = batch.offset;
        position.closed = batch.streamClosed;
      });
      await response.closed;
    } catch (error) {
      // The library fails in several ways when a connection breaks: all mean the same, go on from the last offset.
      const reason = error instanceof Error ? error.message : String(error);
      console.log(`The follower resumes from ${position.offset} (${reason})`);
      resumed += 1;
      await sleep(RETRY_MS);
    }
  }
  output.end();
  await once(output, "close");
  console.log(`The follower resumed ${resumed} times.`);
}

async function readAll(url: string): Promise<string> {
  const digest = new Digest();
  for (let offset = "-1", upToDate = false; !upToDate;) {
    const response = await stream<Message>({ url, offset, live: false });
    for (const message of await response.json()) digest.add(JSON.stringify(message));
    ({ offset, upToDate } = response);
  }
  return digest.finish();
}

async function digestFile(file: string): Promise<string> {
  const digest = new Digest();
  for await (const line of createInterface(createReadStream(file))) digest.add(line);
  return digest.finish();
}
