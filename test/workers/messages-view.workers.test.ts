/** The view that makes every stream in D1 queryable with SQL. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ask, flush, post, put } from "./harness.ts";

interface MessageRow {
  readonly seq: number;
  readonly offset: string;
  readonly value: string;
}

async function messages(path: string): Promise<MessageRow[]> {
  const query = "SELECT seq, offset, value FROM messages WHERE path = ? ORDER BY seq";
  return (await env.DB.prepare(query).bind(path).all<MessageRow>()).results;
}

describe("the messages view", () => {
  it("has a row of JSON for every message, whatever its type", async () => {
    const values = [{ a: [1] }, "x'\"\n", 1.5, -0, true, false, null, [], { b: { c: "é" } }, ""];
    await put("view/json", "application/json", JSON.stringify(values.slice(0, 4)));
    await flush("view/json");
    for (const value of values.slice(4)) {
      await post("view/json", "application/json", JSON.stringify([value]));
    }
    await flush("view/json");
    const rows = await messages("view/json");
    expect(rows.map((row) => row.seq)).toEqual(values.map((_, i) => i));
    expect(rows.map((row) => JSON.parse(row.value) as unknown)).toEqual(
      JSON.parse(JSON.stringify(values)),
    );
  });

  it("gives offsets that answer their message first", async () => {
    await put("view/offsets", "application/json", '[{"n":0},{"n":"eins"},{"n":2}]');
    await post("view/offsets", "application/json", '{"n":3}');
    await flush("view/offsets");
    const rows = await messages("view/offsets");
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      const { body } = await ask("view/offsets", {}, `?offset=${row.offset}`);
      const [first] = JSON.parse(new TextDecoder().decode(body)) as unknown[];
      expect(first).toEqual(JSON.parse(row.value));
    }
  });

  it("can be asked for what is inside the messages", async () => {
    await put(
      "view/query",
      "application/json",
      '[{"kind":"a","n":1},{"kind":"b","n":2},{"kind":"a","n":3}]',
    );
    await flush("view/query");
    const sum = await env.DB.prepare(
      "SELECT sum(value ->> 'n') AS n FROM messages WHERE path = ? AND value ->> 'kind' = 'a'",
    )
      .bind("view/query")
      .first("n");
    expect(sum).toBe(4);
  });

  it("has the text of every append, cut where the appends were", async () => {
    const appends = ["héllo", " wörld", "\n", "€"];
    await put("view/text", "text/plain");
    for (const text of appends) await post("view/text", "text/plain", text);
    await flush("view/text");
    expect((await messages("view/text")).map((row) => row.value)).toEqual(appends);
  });

  it("has the base64 of every binary append, as JSON", async () => {
    await put("view/bytes", "application/octet-stream");
    await post("view/bytes", "application/octet-stream", new Uint8Array([255, 0, 1]));
    await post("view/bytes", "application/octet-stream", new Uint8Array([2]));
    await flush("view/bytes");
    expect((await messages("view/bytes")).map((row) => row.value)).toEqual(['"/wAB"', '"Ag=="']);
  });

  it("survives JSON that is nested deeper than SQLite reads", async () => {
    await put("view/deep", "application/json", `[${"[".repeat(1_500)}${"]".repeat(1_500)}]`);
    await flush("view/deep");
    expect(await messages("view/deep")).toHaveLength(1);
    expect(await messages("view/json")).not.toHaveLength(0);
  });
});
