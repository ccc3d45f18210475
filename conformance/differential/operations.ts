/**
 * Sequences of operations on three paths, as data: what is sent to both servers.
 *
 * Offsets and ETags are named by where they were seen, since the servers' tokens differ.
 */

export type OffsetName =
  | { readonly kind: "omitted" }
  | { readonly kind: "literal"; readonly value: string }
  /** The n-th offset that was seen on the path, counted round; `-1` as long as there is none. */
  | { readonly kind: "seen"; readonly n: number };

export type Headers = Readonly<Record<string, string>>;

export type Operation =
  | {
      readonly kind: "create";
      readonly path: number;
      readonly type: string | null;
      readonly headers: Headers;
      readonly body: string | null;
    }
  | {
      readonly kind: "fork";
      readonly path: number;
      readonly source: number;
      readonly at: OffsetName;
      readonly type: string | null;
      readonly headers: Headers;
    }
  | {
      readonly kind: "append";
      readonly path: number;
      readonly type: string | null;
      readonly headers: Headers;
      readonly body: string | null;
    }
  | { readonly kind: "head"; readonly path: number }
  | { readonly kind: "delete"; readonly path: number }
  | {
      readonly kind: "read";
      readonly path: number;
      readonly from: OffsetName;
      readonly etag: number | null;
    }
  | {
      readonly kind: "poll";
      readonly path: number;
      readonly from: OffsetName;
      readonly cursor: string | null;
    }
  | { readonly kind: "follow"; readonly path: number; readonly from: OffsetName }
  /** A long-poll at `now`, and an append while it waits. */
  | {
      readonly kind: "wake";
      readonly path: number;
      readonly type: string;
      readonly headers: Headers;
      readonly body: string;
    };

export const PATHS = 3;

/** For messages: one operation in a line. */
export function describe(operation: Operation): string {
  const { kind, path: at, ...rest } = operation;
  return `${kind} ${"abc"[at]} ${JSON.stringify(rest)}`;
}
