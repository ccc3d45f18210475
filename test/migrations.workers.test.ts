import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

describe("the migrations", () => {
  it("make the tables and the view that docs/formats.md describes", async () => {
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE name IN ('streams', 'blocks', 'segments', 'messages') ORDER BY name",
    ).all();
    expect(results.map((row) => row["name"])).toEqual([
      "blocks",
      "messages",
      "segments",
      "streams",
    ]);
    expect((await env.DB.prepare("SELECT * FROM messages").all()).results).toEqual([]);
  });
});
