import { describe, expect, it } from "vitest";
import { Waiters } from "./waiters.ts";

describe("waiters", () => {
  it("returns at once when the change came before the wait", async () => {
    const waiters = new Waiters();
    const { version } = waiters;
    waiters.wake();
    await waiters.past(version, 60_000);
    expect(waiters.size).toBe(0);
  });

  it("wakes everyone who waits, once", async () => {
    const waiters = new Waiters();
    const waits = [1, 2, 3].map(() => waiters.past(waiters.version, 60_000));
    expect(waiters.size).toBe(3);
    waiters.wake();
    await Promise.all(waits);
    expect(waiters.size).toBe(0);
  });

  it("counts a reader who looks, also when the look fails", async () => {
    const waiters = new Waiters();
    const look = waiters.during(() => Promise.reject(new Error("no")));
    expect(waiters.size).toBe(1);
    await expect(look).rejects.toThrow("no");
    expect(waiters.size).toBe(0);
  });

  it("gives up after the time", async () => {
    const waiters = new Waiters();
    await waiters.past(waiters.version, 1);
    expect(waiters.size).toBe(0);
  });
});
