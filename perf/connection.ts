/** One HTTP connection, one request at a time: what a latency is measured on. */

import { Client, type Dispatcher } from "undici";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: number;
  /** From before the request was written to the arrival of the headers. */
  readonly firstByteMs: number;
  /** From before the request was written to the last byte of the answer. */
  readonly durationMs: number;
}

export interface Request {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export class Connection {
  readonly #client: Client;

  constructor(url: string) {
    this.#client = new Client(url, {
      pipelining: 1,
      bodyTimeout: 120_000,
      headersTimeout: 120_000,
    });
  }

  /**
   * Sends a request and reads the answer to its end; the bytes are counted and dropped.
   *
   * @throws when the server answers with an error: a measurement of errors is none
   */
  async send({ method, path, headers, body }: Request): Promise<Answer> {
    const startMs = performance.now();
    const answer = await this.#client.request({
      method,
      path,
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(body === undefined ? {} : { body }),
    });
    const firstByteMs = performance.now() - startMs;
    let bytes = 0;
    if (answer.statusCode >= 400) {
      throw new Error(`${method} ${path}: ${answer.statusCode} ${await answer.body.text()}`);
    }
    for await (const part of answer.body) bytes += (part as Uint8Array).length;
    const durationMs = performance.now() - startMs;
    return { status: answer.statusCode, headers: answer.headers, bytes, firstByteMs, durationMs };
  }

  /** A request whose answer goes on: every part of it is handed over when it arrives. */
  async follow(path: string, onPart: (text: string) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.#client.request({ method: "GET", path, signal });
    if (answer.statusCode !== 200) throw new Error(`GET ${path}: ${answer.statusCode}`);
    const decoder = new TextDecoder();
    void (async () => {
      try {
        for await (const part of answer.body) {
          onPart(decoder.decode(part as Uint8Array, { stream: true }));
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    })();
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}

/** The single value of a header, or "" when it is absent. */
export function headerOf(answer: Answer, name: string): string {
  const value = answer.headers[name.toLowerCase()];
  return typeof value === "string" ? value : "";
}
