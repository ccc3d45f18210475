/**
 * The fault points of an isolate. Objects and the control share it: a rule that is set holds for every object, until
 * the rules are set anew. Without rules a crossing costs nothing but its entry in the list.
 */

import type { Moment, Point, Rule, Status } from "./rule.ts";

/** What the step is to do instead of what it does. */
export type Verdict = "go" | "drop" | "break";

interface Armed extends Rule {
  /** Of the one object that it is for. */
  readonly id: string | undefined;
  seen: number;
}

const HELD_POLL_MS = 2;

let rules: Armed[] = [];
let crossed: string[] = [];
let hit: string[] = [];
let held = 0;

export function setRules(next: readonly Rule[], idOf: (path: string) => string): void {
  rules = next.map((rule) => ({
    ...rule,
    id: rule.path === undefined ? undefined : idOf(rule.path),
    seen: 0,
  }));
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
  const rule = match({ point, moment, detail, canStop: true }, state);
  if (rule?.action === "hold") await hold(rule);
  // An object that ends takes with it what it wrote and what is not yet durable: the step would not have been done.
  if (rule?.action === "abort" && moment === "after") await state.storage.sync();
  return judge(rule, point, state);
}

/** Crosses a point of a synchronous step. */
export function crossNow(point: Point, moment: Moment, state: DurableObjectState): Verdict {
  return judge(match({ point, moment, detail: "", canStop: false }, state), point, state);
}

interface Crossing {
  readonly point: Point;
  readonly moment: Moment;
  readonly detail: string;
  readonly canStop: boolean;
}

function match(
  { point, moment, detail, canStop }: Crossing,
  { id }: DurableObjectState,
): Armed | undefined {
  const step = `${moment} ${point} ${detail}`.trim();
  crossed.push(step);
  const rule = rules.find(
    (r) =>
      r.moment === moment &&
      (r.point === point || r.point === "any") &&
      (r.id === undefined || r.id === id.toString()) &&
      (canStop || r.action !== "hold"),
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
