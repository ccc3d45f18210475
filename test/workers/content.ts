/** The bytes of a stream as the oracle keeps them: JSON messages, or appends to a byte stream. */

export type Kind = "json" | "text" | "bytes";

const ENCODER = new TextEncoder();
const EMPTY = new Uint8Array();

export class Content {
  readonly #kind: Kind;
  /** JSON: the messages. */
  #messages: Uint8Array[] = [];
  /** Otherwise: all bytes, and where each append ends. */
  #bytes: Uint8Array = EMPTY;
  #ends: number[] = [];

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  /** The position of the tail. */
  get length(): number {
    return this.#kind === "json" ? this.#messages.length : this.#bytes.length;
  }

  append(frames: readonly Uint8Array[]): void {
    if (this.#kind === "json") {
      this.#messages.push(...frames);
      return;
    }
    for (const frame of frames) {
      if (frame.length === 0) continue;
      this.#bytes = concat([this.#bytes, frame]);
      this.#ends.push(this.#bytes.length);
    }
  }

  /** What a fork at a position inherits. */
  prefix(point: number): Content {
    const content = new Content(this.#kind);
    content.#messages = this.#messages.slice(0, point);
    content.#bytes = this.#bytes.slice(0, point);
    content.#ends = this.#ends.filter((end) => end < point);
    if (this.#kind !== "json" && point > 0) content.#ends.push(point);
    return content;
  }

  /** How far a sub-offset may go from a position on: all messages, or to the end of the append. */
  boundaryAfter(position: number): number {
    if (this.#kind === "json") return this.length;
    return this.#ends.find((end) => end > position) ?? this.length;
  }

  /** Where an answer with this body ends, when it begins at a position; undefined when no answer has this body. */
  endOf(from: number, body: Uint8Array): number | undefined {
    let to = from + body.length;
    if (this.#kind === "json") {
      // Brackets, and a comma between two messages.
      let length = 2;
      for (to = from; to < this.length && length < body.length; to++) {
        length += (this.#messages[to]?.length ?? 0) + (to === from ? 0 : 1);
      }
    }
    return equal(this.body(from, to), body) ? to : undefined;
  }

  /** The body of an answer from one position to another. */
  body(from: number, to: number): Uint8Array {
    if (this.#kind !== "json") return this.#bytes.subarray(from, to);
    const parts = this.#messages.slice(from, to).flatMap((m, i) => (i === 0 ? [m] : [COMMA, m]));
    return concat([OPEN, ...parts, CLOSE]);
  }
}

const OPEN = ENCODER.encode("[");
const COMMA = ENCODER.encode(",");
const CLOSE = ENCODER.encode("]");

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
