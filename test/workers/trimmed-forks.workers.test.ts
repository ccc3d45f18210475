/** What the forks of a trimmed stream read stays, and goes with the last of them (§4.2). */

import { beforeAll, describe, expect, it } from "vitest";
import {
  ask,
  compact,
  flush,
  inStream,
  nextOffset,
  post,
  restart,
  settle,
  trimmedRows,
  tuneStreams,
} from "./harness.ts";
import { TEXT, textOf, trim, idOf, heldUnder, held, fork, spread } from "./stored.ts";

// Nothing moves by itself: the tests say what lies where.
beforeAll(() => tuneStreams({ flushBytes: 1e9, segmentBytes: 1e9, flushIntervalMs: 600_000 }));

describe("a trimmed stream with forks (§4.2)", () => {
  it("keeps what its forks read until the last of them is gone", async () => {
    const paths = ["forks/source", "forks/early", "forks/late"];
    const [source = "", early = "", late = ""] = paths;
    const offsets = await spread(source);
    expect((await fork(early, source, { "Stream-Fork-Offset": offsets[3] ?? "" })).status).toBe(
      201,
    );
    await trim(source, offsets[0] ?? "");
    expect((await fork(late, source, { "Stream-Fork-Offset": offsets[3] ?? "" })).status).toBe(201);
    await trim(source, offsets[4] ?? "");
    expect(await settle(paths)).toBe(0);
    for (const path of paths) await restart(path);
    expect(await textOf(source)).toBe("f.");
    expect(await textOf(early)).toBe("a.b.c.d.");
    expect(await textOf(late)).toBe("b.c.d.");
    expect(await held(source)).toMatchObject({ segments: 2, objects: 2 });
    const atZero = { "Stream-Fork-Offset": "0000000000000000_0000000000000000" };
    expect((await fork("forks/none", source, atZero)).status).toBe(400);
    const atBase = { "Stream-Fork-Offset": offsets[4] ?? "" };
    expect((await fork("forks/none", source, atBase)).status).toBe(201);
    expect(await textOf("forks/none")).toBe("");

    await ask(early, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    expect(await held(source)).toMatchObject({ segments: 1, objects: 1 });
    expect(await textOf(late)).toBe("b.c.d.");
    await ask(late, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    await flush(source);
    expect(await held(source)).toMatchObject({ segments: 0, objects: 0 });
    expect(await trimmedRows(source)).toBe(0);
    expect(await textOf(source)).toBe("f.");
  });

  it("compacts what they read together with its own", async () => {
    const [source, other] = ["cold/source", "cold/fork"];
    const offsets = await spread(source);
    await fork(other, source);
    await trim(source, offsets[4] ?? "");
    await compact(source, 1);
    expect(await settle([source])).toBe(0);
    expect(await held(source)).toMatchObject({ blocks: 0 });
    await restart(other);
    await restart(source);
    expect([await textOf(other), await textOf(source)]).toEqual(["a.b.c.d.e.f.", "f."]);
  });

  it("and a fork is trimmed by itself, through what it inherited into its own", async () => {
    const paths = ["own/source", "own/fork", "own/deep"];
    const [source = "", middle = "", deep = ""] = paths;
    const offsets = await spread(source);
    await fork(middle, source);
    const first = nextOffset(await post(middle, TEXT, "x."));
    await post(middle, TEXT, "y.");
    await fork(deep, middle);
    await flush(middle);
    expect((await trim(middle, offsets[1] ?? "")).status).toBe(204);
    expect(await textOf(middle)).toBe("c.d.e.f.x.y.");
    expect((await trim(middle, first)).status).toBe(204);
    expect(await settle(paths)).toBe(0);
    for (const path of paths) await restart(path);
    expect(await textOf(source)).toBe("a.b.c.d.e.f.");
    expect(await textOf(middle)).toBe("y.");
    expect(await textOf(deep)).toBe("a.b.c.d.e.f.x.y.");
    // The same request finds the fork that it made, though that begins elsewhere now.
    expect((await fork(middle, source)).status).toBe(200);

    await ask(source, { method: "DELETE" });
    await ask(middle, { method: "DELETE" });
    expect(await textOf(deep)).toBe("a.b.c.d.e.f.x.y.");
    const ids = await Promise.all(paths.map(idOf));
    await ask(deep, { method: "DELETE" });
    expect(await settle(paths)).toBe(0);
    for (const id of ids) {
      expect(await heldUnder(id)).toEqual({ blocks: 0, segments: 0, objects: 0 });
    }
  });

  it("whose edges are from before there were trims keeps everything", async () => {
    const [source, other] = ["old/source", "old/fork"];
    const offsets = await spread(source);
    await fork(other, source);
    await inStream(source, (_, { storage }) => {
      const [edge] = storage.sql.exec("SELECT fork_id, fork_path FROM edges").toArray();
      storage.sql.exec("DROP TABLE edges");
      storage.sql.exec(
        "CREATE TABLE edges (fork_id TEXT PRIMARY KEY, fork_path TEXT NOT NULL) WITHOUT ROWID",
      );
      storage.sql.exec(
        "INSERT INTO edges VALUES (?, ?)",
        edge?.["fork_id"] ?? "",
        edge?.["fork_path"] ?? "",
      );
    });
    await restart(source);
    await trim(source, offsets[5] ?? "");
    expect(await settle([source])).toBe(0);
    await restart(other);
    expect(await textOf(other)).toBe("a.b.c.d.e.f.");
    expect(await textOf(source)).toBe("");
  });
});
