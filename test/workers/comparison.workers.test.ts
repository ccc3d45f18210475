/** The commands of a pair in its object, on real tables: what is refused, what is kept, and what the alarm does. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import * as v from "valibot";
import {
  completeComparison,
  createComparison,
  failComparison,
  readHistory,
  readStatus,
  saveProbe,
  TIMEOUT_MS,
  type StatusReport,
} from "#features/comparison/commands.ts";
import {
  ComparisonEventSchema,
  type ComparisonEvent,
  type Outcome,
  type Subject,
} from "#features/comparison/events.ts";
import {
  formatComparisonId,
  formatPairPath,
  formatProbeId,
  type PairKey,
  type Side,
} from "#features/comparison/ids.ts";
import { derivePairKey } from "#features/comparison/pair-key.ts";
import { parseUrl, type NormalizedUrl } from "#features/comparison/normalized-url.ts";
import { KEPT_MAX } from "#features/comparison/runs.ts";
import type { SignalEnvelope } from "#features/comparison/signal-envelope.ts";
import { openFeatureStreams } from "#features/streams.ts";
import { ask, inStream, readAll, restart, stubOf } from "./harness.ts";

const streams = openFeatureStreams(env.STREAMS);

let pairs = 0;

/** A pair of URLs that no other test uses. */
class Pair {
  readonly leftUrl: NormalizedUrl;
  readonly rightUrl: NormalizedUrl;
  readonly key: PairKey;

  constructor(leftUrl: NormalizedUrl, rightUrl: NormalizedUrl, key: PairKey) {
    this.leftUrl = leftUrl;
    this.rightUrl = rightUrl;
    this.key = key;
  }

  static async fresh(): Promise<Pair> {
    pairs += 1;
    const [left, right] = [parseUrl(`https://a${pairs}.example/`), parseUrl("https://b.example/")];
    if (left === undefined || right === undefined) throw new Error("These are URLs.");
    return new Pair(left, right, await derivePairKey(left, right));
  }

  get path(): string {
    return formatPairPath(this.key);
  }

  subject(): Subject {
    const comparisonId = formatComparisonId(this.key, crypto.randomUUID());
    return { comparisonId, leftUrl: this.leftUrl, rightUrl: this.rightUrl };
  }

  async create(subject = this.subject()): Promise<Subject> {
    expect((await streams.send(createComparison, this.path, subject)).ok).toBe(true);
    return subject;
  }

  save(subject: Subject, side: Side) {
    return streams.send(saveProbe, this.path, { envelope: envelopeOf(subject, side) });
  }

  complete({ comparisonId }: Subject) {
    return streams.send(completeComparison, this.path, { comparisonId, outcome: OUTCOME });
  }

  fail({ comparisonId }: Subject) {
    const error = { code: "internal_error", message: "It broke." } as const;
    return streams.send(failComparison, this.path, { comparisonId, error });
  }

  async status({ comparisonId }: Subject): Promise<StatusReport | null> {
    const outcome = await streams.query(readStatus, this.path, { comparisonId });
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return outcome.answer;
  }

  async events(): Promise<ComparisonEvent[]> {
    const bodies = await readAll(this.path);
    const messages = bodies.flatMap((body) => JSON.parse(new TextDecoder().decode(body)));
    return v.parse(v.array(ComparisonEventSchema), messages);
  }

  async types(): Promise<string[]> {
    return (await this.events()).map(({ type }) => type);
  }
}

const OUTCOME: Outcome = {
  maxSeverity: "info",
  findings: [],
  explanation: { summary: "Nothing differs.", rankedCauses: [], actions: [] },
  explainedBy: "rules",
};

function envelopeOf({ comparisonId, leftUrl }: Subject, side: Side): SignalEnvelope {
  return {
    schemaVersion: 1,
    comparisonId,
    probeId: formatProbeId(comparisonId, side),
    side,
    requestedUrl: leftUrl,
    capturedAt: "2026-11-01T00:00:00.000Z",
    result: {
      ok: false,
      error: { code: "fetch_error", message: "There was no answer." },
      durationMs: 1,
    },
  };
}

function codeOf(outcome: { ok: true } | { ok: false; refusal: { code: string; status: number } }) {
  return outcome.ok ? "ok" : `${outcome.refusal.status} ${outcome.refusal.code}`;
}

async function runs(path: string): Promise<unknown[]> {
  return inStream(path, (_stream, { storage: { sql } }) =>
    sql.exec("SELECT * FROM comparison_runs ORDER BY seq").toArray(),
  );
}

describe("a pair", () => {
  it("goes from queued through running to completed, and shows what it has", async () => {
    const pair = await Pair.fresh();
    const subject = await pair.create();
    expect(await pair.status(subject)).toEqual({ status: "queued" });
    await pair.save(subject, "right");
    expect(await pair.status(subject)).toEqual({ status: "running" });
    await pair.save(subject, "left");
    await pair.complete(subject);
    const { comparisonId: _id, ...sides } = subject;
    expect(await pair.status(subject)).toEqual({
      status: "completed",
      result: {
        ...sides,
        ...OUTCOME,
        left: envelopeOf(subject, "left"),
        right: envelopeOf(subject, "right"),
      },
    });
    expect(await pair.types()).toEqual([
      "comparison.created",
      "probe.saved",
      "probe.saved",
      "comparison.completed",
    ]);
  });

  it("changes nothing when a command comes twice", async () => {
    const pair = await Pair.fresh();
    const subject = await pair.create();
    await pair.save(subject, "left");
    await pair.complete(subject);
    const events = await pair.events();
    await pair.create(subject);
    expect(codeOf(await pair.save(subject, "left"))).toBe("ok");
    expect(codeOf(await pair.complete(subject))).toBe("ok");
    expect(await pair.events()).toEqual(events);

    const failed = await pair.create();
    expect(codeOf(await pair.fail(failed))).toBe("ok");
    expect(codeOf(await pair.fail(failed))).toBe("ok");
    expect(await pair.events()).toHaveLength(events.length + 2);
    expect(await pair.status(failed)).toEqual({
      status: "failed",
      error: { code: "internal_error", message: "It broke." },
    });
  });

  it("refuses what comes after the end", async () => {
    const pair = await Pair.fresh();
    const failed = await pair.create();
    await pair.fail(failed);
    expect(codeOf(await pair.complete(failed))).toBe("409 comparison_ended");
    expect(codeOf(await pair.save(failed, "left"))).toBe("409 comparison_ended");
    const completed = await pair.create();
    await pair.complete(completed);
    expect(codeOf(await pair.fail(completed))).toBe("409 comparison_ended");
    expect(codeOf(await pair.save(completed, "left"))).toBe("409 comparison_ended");
    expect(await pair.types()).toHaveLength(4);
  });

  it("refuses what belongs to no comparison of it", async () => {
    const pair = await Pair.fresh();
    await pair.create();
    const other = (await Pair.fresh()).subject();
    for (const sent of [pair.save(other, "left"), pair.complete(other), pair.fail(other)]) {
      expect(codeOf(await sent)).toBe("404 comparison_not_found");
    }
    expect(await pair.status(other)).toBeNull();
    expect(await pair.types()).toEqual(["comparison.created"]);
  });

  it("lists what is completed, the newest first", async () => {
    const pair = await Pair.fresh();
    const all: Subject[] = [];
    for (let n = 0; n < 4; n++) all.push(await pair.create());
    const [first, second, third, fourth] = all as [Subject, Subject, Subject, Subject];
    for (const subject of [fourth, first, third]) await pair.complete(subject);
    await pair.fail(second);
    const list = async (limit: number) => {
      const question = { comparisonId: second.comparisonId, limit };
      const outcome = await streams.query(readHistory, pair.path, question);
      return outcome.ok ? outcome.answer?.map(({ comparisonId }) => comparisonId) : outcome;
    };
    const expected = [fourth, third, first].map(({ comparisonId }) => comparisonId);
    expect(await list(10)).toEqual(expected);
    expect(await list(2)).toEqual(expected.slice(0, 2));
  });
});

describe("the alarm", () => {
  const setClock = (path: string, atMs: number) =>
    inStream(path, (stream) => void Object.assign(stream.deps, { now: () => atMs }));

  it("fails a comparison that has run for five minutes, and nobody has to look", async () => {
    const pair = await Pair.fresh();
    const subject = await pair.create();
    await pair.save(subject, "left");
    const [created] = await pair.events();
    const createdMs = created?.type === "comparison.created" ? Date.parse(created.createdAt) : 0;

    await setClock(pair.path, createdMs + TIMEOUT_MS - 1);
    await runDurableObjectAlarm(stubOf(pair.path));
    expect(await pair.types()).toEqual(["comparison.created", "probe.saved"]);

    await setClock(pair.path, createdMs + TIMEOUT_MS);
    await inStream(pair.path, (_stream, { storage }) => storage.setAlarm(Date.now() + 60_000));
    expect(await runDurableObjectAlarm(stubOf(pair.path))).toBe(true);
    expect(await pair.types()).toEqual(["comparison.created", "probe.saved", "comparison.failed"]);
    expect(await pair.status(subject)).toEqual({
      status: "failed",
      error: { code: "timeout", message: "The comparison did not end within 5 minutes." },
    });
    expect(codeOf(await pair.complete(subject))).toBe("409 comparison_ended");
  });

  it("is set by itself, and after a restart too", async () => {
    const pair = await Pair.fresh();
    await pair.create();
    const alarmMs = () => inStream(pair.path, (_stream, { storage }) => storage.getAlarm());
    expect(await alarmMs()).toBeLessThanOrEqual(Date.now() + TIMEOUT_MS);
    await restart(pair.path);
    await inStream(pair.path, (stream) => {
      expect(stream.timerDueMs).toBeLessThanOrEqual(Date.now() + TIMEOUT_MS);
      expect(stream.timerDueMs).toBeGreaterThan(Date.now() + TIMEOUT_MS - 30_000);
    });
  });
});

describe("the ring of a pair", () => {
  it("keeps the newest 50 comparisons, and the stream from the first event of their oldest", async () => {
    const pair = await Pair.fresh();
    const [first, second] = [await pair.create(), await pair.create()] as const;
    // Of the first, this stays in the stream: it comes after the first event of the second.
    await pair.complete(first);
    const { headers } = await ask(pair.path, {}, "?offset=now");
    const third = headers.get("Stream-Next-Offset") ?? "";
    while ((await runs(pair.path)).length < KEPT_MAX) await pair.create();
    expect(await pair.status(first)).toMatchObject({ status: "completed" });
    expect((await pair.events())[0]).toMatchObject({ comparisonId: first.comparisonId });

    await pair.create();
    expect(await pair.status(first)).toBeNull();
    expect(await pair.status(second)).toEqual({ status: "queued" });
    expect(await runs(pair.path)).toHaveLength(KEPT_MAX);
    const events = await pair.events();
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual([
      "comparison.created",
      "comparison.completed",
    ]);
    expect(events[0]).toMatchObject({ comparisonId: second.comparisonId });
    expect(codeOf(await pair.save(first, "left"))).toBe("404 comparison_not_found");

    const gone = await ask(pair.path, {}, `?offset=${"0".repeat(16)}_${"1".padStart(16, "0")}`);
    expect(gone.status).toBe(410);
    const earliest = gone.headers.get("Stream-Earliest-Offset") ?? "";
    expect((await ask(pair.path, {}, `?offset=${earliest}`)).status).toBe(200);

    await pair.create();
    expect(await pair.status(second)).toBeNull();
    const later = await ask(pair.path, {}, `?offset=${earliest}`);
    expect(later.status).toBe(410);
    expect(later.headers.get("Stream-Earliest-Offset")).toBe(third);
  });

  it("is the same after a replay", async () => {
    const pair = await Pair.fresh();
    for (let n = 0; n < KEPT_MAX + 5; n++) {
      const subject = await pair.create();
      if (n % 3 === 0) await pair.save(subject, n % 2 === 0 ? "left" : "right");
      if (n % 5 === 0) await pair.complete(subject);
      if (n % 7 === 0 && n % 5 !== 0) await pair.fail(subject);
    }
    const live = await runs(pair.path);
    await inStream(pair.path, (_stream, { storage: { sql } }) => {
      sql.exec("UPDATE comparison_runs SET status = 'wrong'");
    });
    expect(await runs(pair.path)).not.toEqual(live);
    expect((await streams.rebuild(pair.path)).ok).toBe(true);
    expect(await runs(pair.path)).toEqual(live);
  });
});
