/** The server with fault points, and its control. */

import { ServerProcess, type Variables } from "./process.ts";
import type { Rule, Status } from "./worker/rule.ts";

type Row = Record<string, unknown>;

export class FaultServer {
  readonly process: ServerProcess;
  #skewMs = 0;

  private constructor(process: ServerProcess) {
    this.process = process;
  }

  static async start(variables: Variables): Promise<FaultServer> {
    return new FaultServer(await ServerProcess.start(variables, true));
  }

  /** The URL of a stream. */
  url(path: string): string {
    return this.process.url(path);
  }

  /** Returns once the server serves; at once when it does. */
  whenUp(): Promise<void> {
    return this.process.whenUp();
  }

  /** Replaces the rules: what an earlier one holds goes on. */
  async rules(...rules: readonly Rule[]): Promise<void> {
    await this.#control("rules", JSON.stringify(rules));
  }

  status(): Promise<Status> {
    return this.#control("status", "");
  }

  /** Sets the clock of all objects forward. */
  async advance(ms: number): Promise<void> {
    this.#skewMs += ms;
    await this.#control("clock", String(this.#skewMs));
  }

  /** Delivers an object's alarm now, several times at once if asked for. */
  async fire(path: string, times = 1): Promise<void> {
    await this.#control("fire", String(times), path);
  }

  /** When an object's alarm is to come, in milliseconds since 1970; null when none is set. */
  alarm(path: string): Promise<number | null> {
    return this.#control("alarm", "", path);
  }

  /** Takes an object out of memory. The next request finds a new one. */
  async end(path: string): Promise<void> {
    await this.#control("end", "", path);
  }

  /** The work that an object has left to do, without the sweeps: they are always for later. */
  tasks(path: string): Promise<Row[]> {
    return this.object(path, "SELECT * FROM tasks WHERE task ->> 'kind' <> 'sweep'");
  }

  /** Runs a statement in an object's own database. */
  object(path: string, sql: string): Promise<Row[]> {
    return this.#control("object", sql, path);
  }

  d1(sql: string): Promise<Row[]> {
    return this.#control("d1", sql);
  }

  /** The keys of all objects in R2. */
  keys(): Promise<string[]> {
    return this.#control("keys", "");
  }

  /** How many rows D1 has in a table. */
  async count(table: "blocks" | "segments" | "streams"): Promise<number> {
    const [row] = await this.d1(`SELECT count(*) AS n FROM ${table}`);
    return Number(row?.["n"]);
  }

  /** Kills the process group, and starts anew with the same clock. */
  async restart(): Promise<void> {
    await this.process.restart(true);
    await this.advance(0);
  }

  async #control<T>(name: string, body: string, path = ""): Promise<T> {
    const target = `${this.process.origin}/__faults/${name}?path=${encodeURIComponent(path)}`;
    const answer = await fetch(target, { method: "POST", body });
    if (!answer.ok) throw new Error(`The control ${name} was answered ${answer.status}.`);
    return (await answer.json()) as T;
  }
}
