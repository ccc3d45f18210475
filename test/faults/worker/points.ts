/**
 * The fault points of an isolate. Objects and the control share it: a rule that is set holds for every object, until
 * the rules are set anew. Without rules a crossing costs nothing but its entry in the list.
 */

import type { Moment, Point, Rule, Status } from "./rule.ts";

/** What the step is to do instead of what it does. */
export type Verdict = "go" | "drop" | "break";

interface Armed extends Rule {
  seen: number;
}

const HELD_POLL_MS = 2;

let rules: Armed[] = [];
let crossed: string[] = [];
let hit: string[] = [];
let held = 0;

export function setRules(next: readonly Rule[]): void {
  rules = next.map((rule) => ({ ...rule, seen: 0 }));
  crossed = [];
  hit = [];
}

export function readStatus(): Status {
  return { crossed, hit, held };
}

/** Crosses a point on the way of a step that can wait. */
export async function cross(
  point: Point,
  moment: Moment,
  detail: string,
  state: DurableObjectState,
): Promise<Verdict> {
  const rule = match(point, moment, detail, true);
  if (rule?.action === "hold") await hold(rule);
  if (rule?.action === "wait") await scheduler.wait(rule.waitMs ?? 0);
  // An object that ends takes with it what it wrote and what is not yet durable: the step would not have been done.
  if (rule?.action === "abort" && moment === "after") await state.storage.sync();
  return judge(rule, point, state);
}

/** Crosses a point of a synchronous step. */
export function crossNow(point: Point, moment: Moment, state: DurableObjectState): Verdict {
  return judge(match(point, moment, "", false), point, state);
}

function match(point: Point, moment: Moment, detail: string, canStop: boolean): Armed | undefined {
  const step = `${moment} ${point} ${detail}`.trim();
  crossed.push(step);
  const rule = rules.find(
    (r) =>
      r.moment === moment &&
      (r.point === point || r.point === "any") &&
      (canStop || (r.action !== "hold" && r.action !== "wait")),
  );
  if (rule === undefined) return undefined;
  rule.seen += 1;
  const nth = rule.seen - (rule.skip ?? 0);
  if (nth < 1 || nth > (rule.times ?? Infinity)) return undefined;
  hit.push(step);
  return rule;
}

async function hold(rule: Armed): Promise<void> {
  held += 1;
  while (rules.includes(rule)) await scheduler.wait(HELD_POLL_MS);
  held -= 1;
}

function judge(rule: Armed | undefined, point: Point, state: DurableObjectState): Verdict {
  switch (rule?.action) {
    case "fail":
      throw new Error(`${point}: network connection lost.`);
    case "abort":
      state.abort("A test ends this object.");
      throw new Error("The object was ended.");
    case "drop":
    case "break":
      return rule.action;
    default:
      return "go";
  }
}
