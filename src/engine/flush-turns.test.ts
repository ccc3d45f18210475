import { describe, expect, it } from "vitest";
import { FlushTurns } from "./flush-turns.ts";

/** A clock that goes on only while somebody waits; each millisecond `arrive` may let appends come. */
function start(arrive: (turns: FlushTurns, ms: number) => void = () => undefined) {
  let ms = 0;
  const delay = async (waitMs: number) => {
    ms += waitMs;
    await Promise.resolve();
    arrive(turns, ms);
  };
  const turns: FlushTurns = new FlushTurns(delay, () => ms);
  return { turns, passedMs: () => ms };
}

function join(turns: FlushTurns, times: number): void {
  for (let i = 0; i < times; i++) turns.join();
}

/** A flush of `answered` appends, during which `more` come. */
async function flush(turns: FlushTurns, answered: number, more: number): Promise<void> {
  join(turns, answered);
  await turns.gather();
  await turns.run(async () => join(turns, more));
}

describe("a flush that appends wait for", () => {
  it("starts at once for a writer who is alone", async () => {
    const { turns, passedMs } = start();
    for (let i = 0; i < 5; i++) await flush(turns, 1, 0);
    expect(passedMs()).toBe(0);
  });

  it("starts at once when all are there whom the last one answered or kept waiting", async () => {
    const { turns, passedMs } = start();
    await flush(turns, 3, 2);
    // Two wait still.
    await flush(turns, 3, 0);
    expect(passedMs()).toBe(0);
  });

  it("waits for them while they come, and no longer", async () => {
    const { turns, passedMs } = start((t, ms) => join(t, ms <= 3 ? 1 : 0));
    await flush(turns, 4, 0);
    await flush(turns, 1, 0);
    expect(passedMs()).toBe(3);
  });

  it("stops waiting as soon as nobody comes, and expects fewer from then on", async () => {
    const { turns, passedMs } = start();
    await flush(turns, 4, 0);
    await flush(turns, 1, 0);
    expect(passedMs()).toBe(1);
    await flush(turns, 1, 0);
    expect(passedMs()).toBe(1);
  });

  it("waits five milliseconds at most", async () => {
    const { turns, passedMs } = start((t) => join(t, 1));
    await flush(turns, 100, 0);
    await flush(turns, 1, 0);
    expect(passedMs()).toBe(5);
  });

  it("expects those whom a failed flush sent away, and does not count them as there", async () => {
    const { turns, passedMs } = start();
    join(turns, 2);
    const failed = turns.run(() => {
      join(turns, 2);
      return Promise.reject(new Error("down"));
    });
    await expect(failed).rejects.toThrow("down");
    await flush(turns, 2, 0);
    expect(passedMs()).toBe(1);
    await flush(turns, 2, 0);
    expect(passedMs()).toBe(1);
  });
});
