/** Plain sockets, for requests that no HTTP client would send. */

import { connect, type Socket } from "node:net";

/** A connection of which everything that came is kept. */
export class Raw {
  readonly socket: Socket;
  readonly #closed: Promise<void>;
  answer = "";
  isClosed = false;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.on("data", (data) => (this.answer += data.toString("latin1")));
    // What the server does to such a connection is not the point: the tests look at what it does for others.
    this.socket.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      this.socket.on("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  /** Returns when the system has taken the bytes. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Waits for some text in what came, for the end of the connection, or at most so long. */
  async until(text: string, waitMs: number): Promise<string> {
    const endMs = performance.now() + waitMs;
    while (!this.answer.includes(text) && !this.isClosed && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.answer;
  }

  async hangUp(): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }
}

/** The head of a request to a stream, up to and with the empty line. */
export function head(method: string, url: string, ...headers: readonly string[]): string {
  const { pathname, search, host } = new URL(url);
  const type = method === "GET" ? [] : ["Content-Type: application/octet-stream"];
  const lines = [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, ...type, ...headers];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
