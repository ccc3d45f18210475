/**
 * How far a run is: on a terminal one line that is rewritten, elsewhere (a log, a pipe) a plain line now and then.
 *
 * The time is told even when no test ends, so that a suite that waits is not taken for one that hangs.
 */

import type { SuiteName, TestResult } from "../harness/result.ts";
import { countTests } from "./table.ts";

const REWRITE_MS = 200;
const PLAIN_MS = 5_000;

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  #suite: SuiteName | undefined;
  #tests: TestResult[] = [];
  #startedMs = 0;
  #writtenMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  begin(suite: SuiteName): void {
    this.#suite = suite;
    this.#tests = [];
    this.#startedMs = this.#now();
    this.#writtenMs = this.#startedMs;
    this.#timer = setInterval(() => this.#tick(), REWRITE_MS);
    this.#timer.unref();
    if (this.#output.isTTY === true) this.#write();
  }

  /** To be given to a suite as its `onTest`. */
  readonly onTest = (result: TestResult): void => {
    this.#tests.push(result);
    this.#tick();
  };

  /** Leaves the last state of the suite as a line of its own. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#suite === undefined) return;
    this.#write();
    if (this.#output.isTTY === true) this.#output.write("\n");
    this.#suite = undefined;
  }

  #tick(): void {
    const everyMs = this.#output.isTTY === true ? REWRITE_MS : PLAIN_MS;
    if (this.#now() - this.#writtenMs >= everyMs) this.#write();
  }

  #write(): void {
    this.#writtenMs = this.#now();
    const line = this.#format();
    // One column is left free: a terminal may go to the next line when the last one is written.
    const shown = line.slice(0, (this.#output.columns ?? 80) - 1);
    this.#output.write(this.#output.isTTY === true ? `\r\u001B[2K${shown}` : `${line}\n`);
  }

  #format(): string {
    const { passed, failed, skipped } = countTests(this.#tests);
    const seconds = Math.round((this.#now() - this.#startedMs) / 1000);
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    return `${this.#suite ?? ""}: ${counts}, ${seconds} s`;
  }
}
