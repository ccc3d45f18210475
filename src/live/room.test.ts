import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Room, type RoomOptions, type Stay } from "./room.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function room(options: Partial<RoomOptions> = {}): Room {
  const now = () => Date.now();
  return new Room({
    bytesMax: 100,
    stayMs: 5_000,
    waitMs: 30_000,
    order: "oldest",
    now,
    ...options,
  });
}

/** Enters, and notes who was let in and when. */
function visitor(rooms: Room, bytes: number) {
  const visit: { stay?: Stay | undefined; state: "waiting" | "in" | "away"; evicted: boolean } = {
    state: "waiting",
    evicted: false,
  };
  const entered = (stay: Stay | undefined) => {
    visit.stay = stay;
    visit.state = stay === undefined ? "away" : "in";
    stay?.lend(() => {
      visit.evicted = true;
    });
  };
  const stay = rooms.enter(bytes);
  if (stay instanceof Promise) void stay.then(entered);
  else entered(stay);
  return visit;
}

describe("room", () => {
  it("lets in at once who fits, and the next when one leaves", async () => {
    const rooms = room();
    const first = visitor(rooms, 60);
    const second = visitor(rooms, 60);
    expect([first.state, second.state, rooms.held]).toEqual(["in", "waiting", 60]);
    first.stay?.leave();
    first.stay?.leave();
    await vi.advanceTimersByTimeAsync(0);
    expect([second.state, rooms.held]).toEqual(["in", 60]);
  });

  it("lets in who fits after another has become smaller", async () => {
    const rooms = room();
    const first = visitor(rooms, 90);
    const second = visitor(rooms, 50);
    first.stay?.resize(50);
    await vi.advanceTimersByTimeAsync(0);
    expect([second.state, rooms.held]).toEqual(["in", 100]);
  });

  it("takes more than the whole room for the whole room", () => {
    const rooms = room();
    expect([visitor(rooms, 1_000).state, rooms.held]).toEqual(["in", 100]);
  });

  it("evicts who was lent room for too long, only when others wait, and the oldest first", async () => {
    const rooms = room();
    const first = visitor(rooms, 50);
    await vi.advanceTimersByTimeAsync(1_000);
    const second = visitor(rooms, 50);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([first.evicted, second.evicted]).toEqual([false, false]);
    expect(visitor(rooms, 40).state).toBe("in");
    expect([first.evicted, second.evicted, rooms.held]).toEqual([true, false, 90]);
    // What an evicted one does afterwards changes nothing.
    first.stay?.resize(80);
    first.stay?.leave();
    expect(rooms.held).toBe(90);
  });

  it("evicts within a second of the time for one who waits already", async () => {
    const rooms = room();
    const first = visitor(rooms, 100);
    await vi.advanceTimersByTimeAsync(1_000);
    const second = visitor(rooms, 10);
    await vi.advanceTimersByTimeAsync(3_500);
    expect([first.evicted, second.state]).toEqual([false, "waiting"]);
    await vi.advanceTimersByTimeAsync(1_500);
    expect([first.evicted, second.state]).toEqual([true, "in"]);
  });

  it("never evicts who has settled, and turns away who waits too long", async () => {
    const rooms = room();
    const first = visitor(rooms, 100);
    first.stay?.settle();
    const second = visitor(rooms, 1);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(second.state).toBe("waiting");
    await vi.advanceTimersByTimeAsync(2_000);
    expect([first.evicted, second.state]).toEqual([false, "away"]);
  });

  it.each([
    ["oldest", ["in", "waiting"]],
    ["newest", ["waiting", "in"]],
  ] as const)("lets in the %s first", async (order, expected) => {
    const rooms = room({ order });
    const first = visitor(rooms, 100);
    const waiting = [visitor(rooms, 100), visitor(rooms, 100)];
    first.stay?.leave();
    await vi.advanceTimersByTimeAsync(0);
    expect(waiting.map((w) => w.state)).toEqual(expected);
  });

  it("never holds more than it may, and nothing when all have left", async () => {
    const step = fc.record({
      bytes: fc.integer({ min: 1, max: 120 }),
      waitMs: fc.nat({ max: 4_000 }),
      leaves: fc.nat({ max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom("oldest" as const, "newest" as const),
        async (steps, order) => {
          const rooms = room({ order });
          const visits: ReturnType<typeof visitor>[] = [];
          for (const { bytes, waitMs, leaves } of steps) {
            visits.push(visitor(rooms, bytes));
            visits[leaves]?.stay?.leave();
            await vi.advanceTimersByTimeAsync(waitMs);
            expect(rooms.held).toBeLessThanOrEqual(100);
          }
          await vi.advanceTimersByTimeAsync(60_000);
          expect(visits.every(({ state }) => state !== "waiting")).toBe(true);
          for (const { stay } of visits) stay?.leave();
          expect(rooms.held).toBe(0);
        },
      ),
    );
  });
});
