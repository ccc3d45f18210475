/** §5.2.1: the headers of idempotent producers, and what is no valid one. */

import assert from "node:assert/strict";
import type { Requirement } from "../harness/requirement.ts";
import { expectContent, expectHeader, expectStatus } from "./check.ts";
import { producer, send } from "./producer.ts";

const MAX = "9007199254740991";
const NO_INTEGERS = [
  "-1",
  "1.5",
  "abc",
  "",
  "1e3",
  "+1",
  "0x1",
  "9007199254740992",
  "99999999999999999999",
];

export const producerHeaders: readonly Requirement[] = [
  {
    id: "5.2.1-01",
    level: "MUST",
    text: "The three producer headers come together: one or two of them alone are answered 400.",
    tests: {
      "refuses every incomplete set": async (s) => {
        const path = await s.create();
        const all = Object.entries(producer(0, 0));
        for (let set = 1; set < 7; set += 1) {
          const headers = Object.fromEntries(all.filter((_, bit) => (set & (1 << bit)) !== 0));
          const answer = await s.post(path, "x", { headers });
          const names = Object.keys(headers).join(" and ");
          assert.equal(answer.status, 400, `${names} alone was answered ${answer.status}.`);
        }
        await expectContent(s, path, "");
      },
    },
  },
  {
    id: "5.2.1-02",
    level: "MUST",
    text: "`Producer-Id` is not empty: otherwise 400.",
    tests: {
      "refuses an empty id": async (s) => {
        const path = await s.create();
        expectStatus(await s.post(path, "x", { headers: producer(0, 0, "") }), 400);
      },
    },
  },
  {
    id: "5.2.1-03",
    level: "MUST",
    text: "`Producer-Epoch` is an integer from 0 to 2^53-1: otherwise 400.",
    tests: {
      "refuses what is none": async (s) => {
        const path = await s.create();
        for (const epoch of NO_INTEGERS) {
          const { status } = await send(s, path, "x", epoch, 0);
          assert.equal(status, 400, `Producer-Epoch "${epoch}" was answered ${status}.`);
        }
        await expectContent(s, path, "");
      },
      "accepts 2^53-1 and keeps it exactly": async (s) => {
        const path = await s.create();
        const answer = await send(s, path, "x", MAX, 0);
        expectStatus(answer, 200);
        expectHeader(answer, "Producer-Epoch", MAX);
        const fenced = await send(s, path, "y", "9007199254740990", 0);
        expectStatus(fenced, 403);
        expectHeader(fenced, "Producer-Epoch", MAX);
      },
    },
  },
  {
    id: "5.2.1-04",
    level: "MUST",
    text: "`Producer-Seq` is an integer from 0 to 2^53-1: otherwise 400.",
    tests: {
      "refuses what is none": async (s) => {
        const path = await s.create();
        for (const seq of NO_INTEGERS) {
          const { status } = await send(s, path, "x", 0, seq);
          assert.equal(status, 400, `Producer-Seq "${seq}" was answered ${status}.`);
        }
        await expectContent(s, path, "");
      },
      "understands 2^53-1, as a gap": async (s) => {
        const path = await s.create();
        await send(s, path, "x", 0, 0);
        const answer = await send(s, path, "y", 0, MAX);
        expectStatus(answer, 409);
        expectHeader(answer, "Producer-Expected-Seq", "1");
        expectHeader(answer, "Producer-Received-Seq", MAX);
      },
      "refuses a repeated header": async (s) => {
        const path = await s.create();
        expectStatus(await send(s, path, "x", 0, "0, 0"), 400);
      },
    },
  },
];
