/**
 * The floor: the least work that a runtime can do for an operation of a stream, and nothing else. No validation, no
 * offsets, no readers. What a server takes longer than this is its own doing.
 *
 * It has the same bindings as the server and runs on the same launcher, so that only the code differs.
 */

import { DurableObject } from "cloudflare:workers";

const MESSAGE = new Uint8Array(102).fill(0x78);

/** What an answer to a read has to say, and what browsers have to be told. */
const READ_HEADERS = new Headers({
  "Content-Type": "application/json",
  "Stream-Next-Offset": "0000000000000101_0000000000010100",
  "Stream-Up-To-Date": "true",
  ETag: '"0000000000000100-0000000000000101"',
  "Cache-Control": "public, max-age=60, stale-while-revalidate=300",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Stream-Next-Offset, Stream-Up-To-Date, Stream-Closed, ETag",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "cross-origin",
});

export class StreamObject extends DurableObject<Env> {
  #tableReady: Promise<unknown> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, body BLOB)");
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const body = await request.arrayBuffer();
    if (pathname.startsWith("/answer/")) return new Response(MESSAGE, { headers: READ_HEADERS });
    if (pathname.startsWith("/insert/")) {
      this.ctx.storage.sql.exec("INSERT INTO floor (body) VALUES (?)", body);
    } else if (pathname.startsWith("/batch/")) {
      this.#tableReady ??= this.env.DB.exec(
        "CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY, body TEXT)",
      );
      await this.#tableReady;
      const text = new TextDecoder().decode(body);
      await this.env.DB.batch([
        this.env.DB.prepare("INSERT INTO floor (body) VALUES (?)").bind(text),
      ]);
    }
    return new Response(null, { status: 204 });
  }
}

/**
 * `/worker` answers by itself; `/object/{name}` asks an object, which says nothing, and `/answer/{name}` one that says
 * as much as a small read; `/insert/{name}` has it insert one row, and
 * `/batch/{name}` write one D1 batch of one statement; `/range/{key}?offset=&length=` reads from R2 what a PUT to it
 * has put there.
 */
export default {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/worker") return new Response(null, { status: 204 });
    if (!pathname.startsWith("/range/")) {
      const name = pathname.slice(pathname.indexOf("/", 1) + 1);
      return env.STREAMS.getByName(name).fetch(request);
    }
    const key = pathname.slice("/range/".length);
    if (request.method === "PUT") {
      await env.SEGMENTS.put(key, await request.arrayBuffer());
      return new Response(null, { status: 201 });
    }
    const offset = Number(searchParams.get("offset"));
    const length = Number(searchParams.get("length"));
    const object = await env.SEGMENTS.get(key, { range: { offset, length } });
    return new Response(object?.body ?? null, { status: object === null ? 404 : 200 });
  },
} satisfies ExportedHandler<Env>;
