/** A server in a process group of its own, which is killed and started anew on the same data and port. */

import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, type Launched } from "../../scripts/launch.ts";

export type Variables = Readonly<Record<string, string>>;

const WITH_POINTS = join(import.meta.dirname, "serve.ts");

export class ServerProcess {
  readonly dataDirectory: string;
  readonly #variables: Variables;
  #launched: Launched | undefined;
  #port = "0";
  #up: Promise<void> = Promise.resolve();

  private constructor(dataDirectory: string, variables: Variables) {
    this.dataDirectory = dataDirectory;
    this.#variables = variables;
    process.on("exit", this.#abandon);
  }

  /** @param withPoints whether the objects have fault points, or are production's own */
  static async start(variables: Variables, withPoints: boolean): Promise<ServerProcess> {
    const directory = await mkdtemp(join(tmpdir(), "headwater-faults-"));
    const server = new ServerProcess(directory, variables);
    await server.launch(withPoints);
    return server;
  }

  /** Whoever started the server ends without having removed it. */
  readonly #abandon = (): void => {
    this.#launched?.killGroup();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  };

  /** Where it serves. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The URL of a stream. */
  url(path: string): string {
    return `${this.origin}/v1/stream/${path}`;
  }

  /** Returns once the server serves; at once when it does. */
  whenUp(): Promise<void> {
    return this.#up;
  }

  /** SIGKILL to the launcher and to workerd. Returns when both are gone. */
  async kill(): Promise<void> {
    const launched = this.#launched;
    this.#launched = undefined;
    launched?.killGroup();
    await launched?.exit;
  }

  launch(withPoints: boolean): Promise<void> {
    const { dataDirectory } = this;
    const launched = withPoints
      ? launch([dataDirectory, this.#port], this.#variables, WITH_POINTS)
      : launch(["--data", dataDirectory, "--port", this.#port], this.#variables);
    this.#launched = launched;
    this.#up = launched.ready.then((url) => {
      if (url === undefined) throw new Error(`No server: ${launched.stderr.join("\n")}`);
      this.#port = new URL(url).port;
    });
    return this.#up;
  }

  /** Kills, and starts anew. */
  async restart(withPoints: boolean): Promise<void> {
    // Whoever loses its connection from now on has to wait for the next server.
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#up = promise;
    await this.kill();
    this.launch(withPoints).then(resolve, reject);
    await promise;
  }

  async remove(): Promise<void> {
    process.off("exit", this.#abandon);
    await this.kill();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}
