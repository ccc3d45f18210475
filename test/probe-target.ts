/** A site to be probed, with everything that sites do: started once for the tests inside workerd. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const BIG_BYTES = 1_500_000;

const ROUTES: Readonly<Record<string, Answer>> = {
  "/ok": (response) => {
    response.writeHead(200, {
      "Content-Type": "text/html; charset=utf-8",
      "Cache-Control": "public, max-age=60",
      Vary: "Accept",
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Max-Age": "5",
      "X-Other": "not compared",
    });
    response.end("hello");
  },
  "/ray": (response) => response.writeHead(200, { "CF-Ray": "8f1a2b3c4d5e6f70-AMS" }).end(),
  "/empty": (response) => response.writeHead(204).end(),
  "/error": (response) => response.writeHead(503, { "Content-Type": "text/plain" }).end("down"),
  "/forbidden": (response) =>
    response.writeHead(401, { "WWW-Authenticate": `Basic realm="${"r".repeat(4_000)}"` }).end(),
  "/no-location": (response) => response.writeHead(302).end(),
  "/bad-location": (response) => response.writeHead(302, { Location: "http://" }).end(),
  "/private": (response) =>
    response.writeHead(302, { Location: "http://169.254.169.254/latest/meta-data" }).end(),
  "/other-port": (response) => response.writeHead(302, { Location: "http://127.0.0.1:2/" }).end(),
  "/loop": (response) => response.writeHead(307, { Location: "/loop2" }).end(),
  "/loop2": (response) => response.writeHead(308, { Location: "/loop#again" }).end(),
  "/big": (response) =>
    response.writeHead(200, { "Content-Length": BIG_BYTES }).end(Buffer.alloc(BIG_BYTES, "a")),
  "/big-chunked": (response) => response.writeHead(200).end(Buffer.alloc(BIG_BYTES, "a")),
  "/silent": () => undefined,
  "/stalling": (response) => response.writeHead(200).write("beginning"),
  "/reset": (response) => response.destroy(),
};

/** `/chain/n` redirects n times, with each of the statuses in turn, and ends at `/ok`. */
const CHAIN_STATUSES = [301, 302, 303, 307, 308];

function answerChain(left: number, response: ServerResponse): void {
  const status = CHAIN_STATUSES[left % CHAIN_STATUSES.length] ?? 302;
  response.writeHead(status, { Location: left === 1 ? "/ok" : `${left - 1}` }).end();
}

export default async function setup(project: TestProject): Promise<() => void> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://target");
    const chain = /^\/chain\/(\d+)$/.exec(pathname)?.[1];
    if (chain !== undefined) answerChain(Number(chain), response);
    else (ROUTES[pathname] ?? ((r) => r.writeHead(404).end()))(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  project.provide("probeTarget", `127.0.0.1:${port}`);
  return () => {
    server.closeAllConnections();
    server.close();
  };
}
