/** What a test asks of the fault points. Crosses from the test to the Worker as JSON. */

/** A step of an object that something else takes part in: its own storage, D1, R2, another object, a client. */
export type Point =
  | "request"
  | "alarm"
  | "journal"
  | "set-alarm"
  | "d1.batch"
  | "d1.query"
  | "r2.put"
  | "r2.get"
  | "r2.list"
  | "r2.delete"
  | "peer.acquire"
  | "peer.release"
  | "peer.holds";

export const MOMENTS = ["before", "after"] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Rule {
  readonly point: Point | "any";
  /** `after`: the step has been done, and its caller is not told so. */
  readonly moment: Moment;
  /**
   * `fail` throws; `abort` ends the object, whose next request finds a new one; `hold` stops there until the rules
   * are replaced; `drop` leaves the step out and says that it was done; `break` makes the
   * last statement of a batch fail inside D1. A step that is synchronous cannot stop: it is passed by.
   */
  readonly action: "fail" | "abort" | "hold" | "drop" | "break";
  /** The path of the one object that it is for; all unless given. What others do by themselves is not counted then. */
  readonly path?: string;
  /** How many matching crossings go by first. */
  readonly skip?: number;
  /** How many crossings it applies to; all unless given. */
  readonly times?: number;
}

/** What the control answers. */
export interface Status {
  /** Every crossing since the rules were set, as `before d1.batch INSERT INTO blocks`. */
  readonly crossed: readonly string[];
  /** The crossings that a rule was applied to. */
  readonly hit: readonly string[];
  /** How many crossings are held at the moment. */
  readonly held: number;
}
