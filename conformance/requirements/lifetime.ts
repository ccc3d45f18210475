/** §5.1: how long a stream lives. */

import assert from "node:assert/strict";
import { Skip, type Requirement } from "../harness/requirement.ts";
import { pause, type Subject } from "../harness/subject.ts";
import { expectStatus } from "./check.ts";

const FAR = "2099-01-01T00:00:00Z";

/** Touches a stream with a TTL of 3 seconds for longer than that, and expects it to be there each time. */
async function keepAlive(s: Subject, touch: (path: string) => Promise<number>): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const path = await s.create({ headers: { "Stream-TTL": "3" } });
    let inTime = true;
    for (let round = 0; round < 4 && inTime; round += 1) {
      const touchedMs = Date.now();
      await pause(1_100);
      const status = await touch(path);
      // What a stalled machine asked too late says nothing.
      inTime = Date.now() - touchedMs < 2_500;
      if (inTime)
        assert(
          status < 300,
          `The answer is ${status}, ${Date.now() - touchedMs} ms after the last.`,
        );
    }
    if (inTime) return;
  }
  throw new Skip("This machine is too busy to ask in time.");
}

export const lifetime: readonly Requirement[] = [
  {
    id: "5.1-05",
    level: "MUST",
    text: "`Stream-TTL` is a non-negative decimal integer without leading zeros, signs, points or exponents; anything else is answered 400.",
    tests: {
      "refuses values of another form": async (s) => {
        const values = ["+3600", "03600", "3600.0", "3.6e3", "-1", "abc", "0x10", "1 2", "00"];
        for (const value of values) {
          const answer = await s.put(s.path(), { headers: { "Stream-TTL": value } });
          assert.equal(answer.status, 400, `Stream-TTL: ${value} was answered ${answer.status}.`);
        }
      },
      "creates no stream when it refuses": async (s) => {
        const path = s.path();
        expectStatus(await s.put(path, { headers: { "Stream-TTL": "1h" } }), 400);
        expectStatus(await s.head(path), 404);
      },
      "accepts 0 and 3600": async (s) => {
        for (const value of ["0", "3600"]) await s.create({ headers: { "Stream-TTL": value } });
      },
    },
  },
  {
    id: "5.1-06",
    level: "SHOULD",
    text: "A PUT with both `Stream-TTL` and `Stream-Expires-At` is answered 400.",
    tests: {
      "refuses both at once": async (s) => {
        const headers = { "Stream-TTL": "60", "Stream-Expires-At": FAR };
        expectStatus(await s.put(s.path(), { headers }), 400);
      },
    },
  },
  {
    id: "5.1-07",
    level: "STATED",
    text: "`Stream-Expires-At` is an RFC 3339 timestamp; anything else is answered 400.",
    tests: {
      "refuses what is no timestamp": async (s) => {
        for (const value of ["tomorrow", "1790000000", "2099-13-01T00:00:00Z", "2099-01-01"]) {
          const answer = await s.put(s.path(), { headers: { "Stream-Expires-At": value } });
          assert.equal(answer.status, 400, `${value} was answered ${answer.status}.`);
        }
      },
      "accepts a numeric time zone and fractions of a second": async (s) => {
        for (const value of ["2099-01-01T02:00:00+02:00", "2099-01-01T00:00:00.250Z"]) {
          await s.create({ headers: { "Stream-Expires-At": value } });
        }
      },
    },
  },
  {
    id: "5.1-13",
    level: "STATED",
    text: "A stream with a TTL is gone once it was neither read nor written for that long.",
    tests: {
      "is gone after its TTL": async (s) => {
        const path = await s.create({ headers: { "Stream-TTL": "1" } });
        await pause(2_000);
        expectStatus(await s.head(path), 404, 410);
      },
      "is kept by reads": (s) => keepAlive(s, async (path) => (await s.get(path)).status),
      "is kept by writes": (s) => keepAlive(s, async (path) => (await s.post(path, "x")).status),
    },
  },
  {
    id: "5.1-14",
    level: "STATED",
    text: "HEAD does not lengthen a stream's life.",
    tests: {
      "is gone after its TTL in spite of HEADs": async (s) => {
        const path = await s.create({ headers: { "Stream-TTL": "4" } });
        for (let n = 0; n < 6; n += 1) {
          await pause(900);
          await s.head(path);
        }
        expectStatus(await s.get(path), 404, 410);
      },
    },
  },
  {
    id: "5.1-15",
    level: "STATED",
    text: "A stream with a TTL does not expire while a live reader follows it.",
    tests: {
      "outlives its TTL while long-polls follow one another": async (s) => {
        const path = await s.create({ headers: { "Stream-TTL": "3" } });
        const offset = await s.tail(path);
        const until = Date.now() + 6_000;
        while (Date.now() < until) {
          const wait = s.poll(path, offset).then((answer) => answer.status);
          const status = await Promise.race([wait, pause(until - Date.now()).then(() => 204)]);
          assert.equal(status, 204, `A waiting read was answered ${status}.`);
        }
        expectStatus(await s.get(path), 200);
      },
    },
  },
  {
    id: "5.1-16",
    level: "STATED",
    text: "A stream with `Stream-Expires-At` is gone at that time, whatever is read or written.",
    tests: {
      "is gone at its time": async (s) => {
        const at = Date.now() + 4_000;
        const headers = { "Stream-Expires-At": new Date(at).toISOString() };
        const path = await s.create({ headers });
        expectStatus(await s.post(path, "x"), 204);
        expectStatus(await s.get(path), 200);
        await pause(at + 1_000 - Date.now());
        expectStatus(await s.get(path), 404, 410);
        expectStatus(await s.post(path, "x"), 404, 410);
      },
    },
  },
];
