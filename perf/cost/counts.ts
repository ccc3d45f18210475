/** What Cloudflare charges for, as far as an operation causes it. */
export interface Counts {
  readonly workerRequests: number;
  /** Requests and alarms. */
  readonly objectRequests: number;
  readonly objectRowsRead: number;
  readonly objectRowsWritten: number;
  readonly d1RowsRead: number;
  readonly d1RowsWritten: number;
  readonly r2ClassA: number;
  readonly r2ClassB: number;
}

export const COUNT_NAMES = [
  "workerRequests",
  "objectRequests",
  "objectRowsRead",
  "objectRowsWritten",
  "d1RowsRead",
  "d1RowsWritten",
  "r2ClassA",
  "r2ClassB",
] as const satisfies readonly (keyof Counts)[];

/** Each count divided by a number of operations. */
export function perOperation(before: Counts, after: Counts, operations: number): Counts {
  const each = (name: keyof Counts): number => (after[name] - before[name]) / operations;
  return {
    workerRequests: each("workerRequests"),
    objectRequests: each("objectRequests"),
    objectRowsRead: each("objectRowsRead"),
    objectRowsWritten: each("objectRowsWritten"),
    d1RowsRead: each("d1RowsRead"),
    d1RowsWritten: each("d1RowsWritten"),
    r2ClassA: each("r2ClassA"),
    r2ClassB: each("r2ClassB"),
  };
}
