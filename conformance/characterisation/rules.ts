/** What the checker looks for, by stable names. */

export const rules = {
  "acknowledged-is-read": "every acknowledged append is read",
  "read-once": "no append is read twice",
  "refused-is-not-read": "nothing of a refused append is read",
  "only-what-was-sent": "every byte that is read was sent by a writer, unchanged",
  "whole-appends":
    "an append is read whole: no other append inside it, no end of the data inside it",
  "real-time-order": "an append that was acknowledged before another began comes before it",
  "one-order": "all readers read the same messages in the same order",
  "stable-ranges": "the bytes between two offsets never change",
  resume: "a reader that goes on at the next offset finds no gap and no repetition",
  "offsets-increase": "offsets grow along the stream, as text, and each stands for one place",
  "reads-are-answered": "a read from an offset that the server gave is answered",
  "read-your-writes":
    "a read that says it is up to date holds every append acknowledged before it began",
  "reads-never-go-back":
    "a read that says it is up to date holds all that was read before it began",
  "head-never-goes-back": "HEAD never shows an offset before one that was known when it was sent",
  "closed-is-final":
    "a closed stream never grows, and every reader at its end is told that it is closed",
  "closed-refuses": "an append that began after the close was known is refused with 409",
  "producer-once": "a producer's message is in the stream at most once, however often it was sent",
  "producer-order": "a producer's messages are in the order of their epochs and sequence numbers",
  "stream-seq-order": "Stream-Seq grows along the stream",
} as const;

export type Rule = keyof typeof rules;

export interface Violation {
  readonly rule: Rule;
  readonly stream: string;
  readonly message: string;
}

/** Told of every violation; the stream is known to the receiver. */
export type Report = (rule: Rule, message: string) => void;
