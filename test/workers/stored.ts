/** What the journal, D1 and R2 hold of a stream, for tests that look at what is gone. */

import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { ask, compact, flush, inStream, nextOffset, post, put, readBytes } from "./harness.ts";

export const TEXT = "text/plain";

export const textOf = async (path: string, offset?: string) =>
  new TextDecoder().decode(await readBytes(path, offset));

export function trim(path: string, before: string) {
  return ask(path, { method: "DELETE" }, `?before=${before}`);
}

export async function earliest(path: string): Promise<string> {
  return (await ask(path, { method: "HEAD" })).headers.get("Stream-Earliest-Offset") ?? "";
}

export async function idOf(path: string): Promise<string> {
  return inStream(path, ({ slot }) => (slot.kind === "present" ? slot.record.id : ""));
}

export interface Held {
  readonly blocks: number;
  readonly segments: number;
  readonly objects: number;
}

/** What D1 and R2 hold under an id. */
export async function heldUnder(id: string): Promise<Held> {
  const count = async (table: string) =>
    (await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE stream_id = ?`)
      .bind(id)
      .first<number>("n")) ?? -1;
  const { objects } = await env.SEGMENTS.list({ prefix: `segments/${id}/` });
  return {
    blocks: await count("blocks"),
    segments: await count("segments"),
    objects: objects.length,
  };
}

export const held = async (path: string) => heldUnder(await idOf(path));

export function journalRows(path: string): Promise<number> {
  return inStream(
    path,
    (_, { storage }) =>
      storage.sql
        .exec<{ n: number }>(
          "SELECT (SELECT count(*) FROM journal_a) + (SELECT count(*) FROM journal_b) AS n",
        )
        .one().n,
  );
}

export function fork(path: string, source: string, headers: Record<string, string> = {}) {
  return ask(path, {
    method: "PUT",
    headers: { "Stream-Forked-From": `/v1/stream/${source}`, ...headers },
  });
}

/** Two segments, two blocks and two appends in the journal: `a.b.c.d.e.f.`, and the offset after each. */
export async function spread(path: string): Promise<string[]> {
  await put(path, TEXT);
  const offsets: string[] = [];
  for (const [letter, move] of [
    ["a", compact],
    ["b", compact],
    ["c", flush],
    ["d", flush],
    ["e", undefined],
    ["f", undefined],
  ] as const) {
    // Each flush makes a block of its own.
    await inStream(path, (stream) => void (stream.openBlock = undefined));
    offsets.push(nextOffset(await post(path, TEXT, `${letter}.`)));
    await move?.(path);
  }
  expect(await held(path)).toEqual({ blocks: 2, segments: 2, objects: 2 });
  expect(await journalRows(path)).toBe(2);
  return offsets;
}
