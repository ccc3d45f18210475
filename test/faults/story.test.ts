/** The story finds what it is told to look for: servers that lose or leave something do not pass. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FaultServer } from "./fault-server.ts";
import { put, remove } from "./requests.ts";
import { Story, STORY_VARIABLES } from "./story.ts";
import { tidy } from "./tidy.ts";

/** Two streams are created first: this is the third append. */
const LOST_REQUEST = 5;

let server: FaultServer;

beforeEach(async () => {
  server = await FaultServer.start(STORY_VARIABLES);
});

afterEach(() => server.process.remove());

/** A journal that says that it committed the next request, and did not. */
async function loseNextCommit(path: string): Promise<void> {
  // Afterwards nothing is left to flush: no commit comes in between.
  await server.fire(path);
  await server.rules({ point: "journal", moment: "before", action: "drop", path, times: 1 });
}

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
  let requests = 0;
  const story: Story = new Story(
    {
      url: (path) => server.url(path),
      whenUp: async () => {
        // What an object holds in memory alone goes with it.
        for (const path of story.paths) await server.end(path);
        requests += 1;
        if (requests === LOST_REQUEST) await loseNextCommit("lost/source");
      },
    },
    "lost",
  );
  expect(await story.tell()).toContainEqual(expect.stringMatching(/^append lost\/source: 409/));
});
