/** A small run to try the reports with: every outcome, and a server that tries to get out of the page. */

import type { Exchange } from "../harness/exchange.ts";
import type { SuiteResult } from "../harness/result.ts";
import { toReport, type Report } from "./json.ts";
import { toRequirementResults, type Judged } from "./requirement-results.ts";

export const HOSTILE = `<script>alert("1")</script><img src=x onerror='alert(2)'>`;

const run = async () => {};

export const REQUIREMENTS: readonly Judged[] = [
  {
    id: "5.10-01",
    level: "MAY",
    text: "A section that comes after 5.2, and that no test shows.",
    tests: {},
  },
  {
    id: "5.2-02",
    level: "MUST NOT",
    text: "A wrong `Content-Type` | <b> is not taken.",
    official: ["Append > refuses a type", "Append > is *not* run"],
    tests: { "answers 409": run, "keeps the stream": run },
  },
  {
    id: "5.2-01",
    level: "MUST",
    text: "An append is answered with 204.",
    tests: { "answers 204": run },
  },
  {
    id: "5.8-01",
    level: "SHOULD",
    text: "A connection is ended.",
    tests: { "is ended": run },
  },
];

const EXCHANGE: Exchange = {
  method: "POST",
  target: `/v1/stream/a?${HOSTILE}`,
  requestHeaders: [["Content-Type", HOSTILE]],
  requestBody: `\n${HOSTILE}`,
  status: 200,
  responseHeaders: [[`x-${HOSTILE}`, `a\u202Eb${HOSTILE}`]],
  responseBody: `${HOSTILE}\u0000`,
  failure: HOSTILE,
  startedMs: 0,
  durationMs: 12,
};

export const SUITES: readonly SuiteResult[] = [
  {
    suite: "official",
    seconds: 20.04,
    tests: [
      { name: "Append > refuses a type", status: "passed", seconds: 0.1 },
      { name: `Other > ${HOSTILE}`, status: "failed", seconds: 0.1, message: HOSTILE },
      { name: "Subscriptions > work", status: "skipped", seconds: 0, message: HOSTILE },
    ],
  },
  {
    suite: "requirements",
    seconds: 1.5,
    tests: [
      { name: "5.2-01 answers 204", status: "passed", seconds: 0.01 },
      {
        name: "5.2-02 answers 409",
        status: "failed",
        seconds: 0.02,
        message: `200 !== 409 ${HOSTILE}`,
        exchanges: [EXCHANGE],
      },
      { name: "5.2-02 keeps the stream", status: "passed", seconds: 0.02 },
      { name: "5.8-01 is ended", status: "skipped", seconds: 1, message: "It has no end." },
    ],
  },
];

export function sampleResults(suites: readonly SuiteResult[] = SUITES) {
  const [official, own] = suites;
  return toRequirementResults(REQUIREMENTS, own?.tests ?? [], official?.tests);
}

export function sampleReport(): Report {
  return toReport({
    name: `A server ${HOSTILE}`,
    url: "http://127.0.0.1:4437",
    started: new Date("2026-01-02T03:04:05.678Z"),
    seconds: 21.5,
    options: {
      suites: ["official", "requirements"],
      seed: 7,
      runs: 100,
      loadMs: 1_000,
      subscriptions: false,
      longPollTimeoutMs: 1_000,
      sseDurationMs: 3_000,
    },
    suites: SUITES,
    requirements: sampleResults(),
  });
}
