/** Idempotent producers: epochs fence, sequence numbers deduplicate (§5.2.1). */

/** What a request says of its producer. Epoch and seq are integers from 0 to 2^53−1. */
export interface ProducerStamp {
  readonly id: string;
  readonly epoch: number;
  readonly seq: number;
}

/** What the stream remembers of a producer: its epoch and the highest sequence number accepted in it. */
export interface ProducerState {
  readonly epoch: number;
  readonly seq: number;
}

export type ProducerDecision =
  | { readonly kind: "accept" }
  | { readonly kind: "duplicate"; readonly state: ProducerState }
  | { readonly kind: "fenced"; readonly epoch: number }
  | { readonly kind: "gap"; readonly expectedSeq: number; readonly receivedSeq: number }
  | { readonly kind: "epoch_start" };

/**
 * Decides one request of a producer. A producer that the stream has never seen starts at any epoch, with sequence 0.
 *
 * `epoch_start` means that a new epoch did not start at sequence 0.
 */
export function decideProducer(
  state: ProducerState | undefined,
  stamp: ProducerStamp,
): ProducerDecision {
  if (state === undefined) {
    return stamp.seq === 0
      ? { kind: "accept" }
      : { kind: "gap", expectedSeq: 0, receivedSeq: stamp.seq };
  }
  if (stamp.epoch < state.epoch) return { kind: "fenced", epoch: state.epoch };
  if (stamp.epoch > state.epoch) {
    return stamp.seq === 0 ? { kind: "accept" } : { kind: "epoch_start" };
  }
  if (stamp.seq <= state.seq) return { kind: "duplicate", state };
  return stamp.seq === state.seq + 1
    ? { kind: "accept" }
    : { kind: "gap", expectedSeq: state.seq + 1, receivedSeq: stamp.seq };
}
