/** The story finds what it is told to look for: servers that lose or leave something do not pass. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { put, remove } from "./requests.ts";
import { Story, STORY_VARIABLES } from "./story.ts";
import { tidy } from "./tidy.ts";

let server: FaultServer;

beforeEach(async () => {
  server = await FaultServer.start(STORY_VARIABLES);
});

afterEach(() => server.process.remove());

it("finds what a server leaves behind", async () => {
  await server.rules({ point: "r2.delete", moment: "before", action: "fail" });
  const path = "left";
  // More than a segment: a compaction follows the flush, in its own time.
  await put(server.url(path), JSON.stringify(["x".repeat(4_096)]));
  await vi.waitUntil(async () => (await server.keys()).length > 0, { timeout: 20_000 });
  expect((await remove(server.url(path))).status).toBe(204);
  expect(await tidy(server, [path])).toEqual([expect.stringMatching(/objects in R2/)]);
  await server.rules();
  expect(await tidy(server, [path])).toEqual([]);
});

it("finds an append that a server acknowledged and lost", async () => {
  const story: Story = new Story(
    {
      url: (path) => server.url(path),
      // What an object holds in memory alone goes with it.
      whenUp: async () => {
        for (const path of story.paths) await server.end(path);
      },
    },
    "lost",
  );
  await server.rules({ point: "journal", moment: "before", action: "drop", skip: 3, times: 3 });
  expect(await story.tell()).not.toEqual([]);
});
