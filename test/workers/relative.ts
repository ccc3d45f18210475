/** From what a step says relative to a stream's state to the headers that it sends. */

import type { ProducerSpec } from "./commands.ts";
import type { Model, Stamp } from "./oracle.ts";

export function resolveProducer(
  stream: Model | undefined,
  spec: ProducerSpec | undefined,
): Stamp | undefined {
  if (spec === undefined) return undefined;
  const { id, mode } = spec;
  const state = stream?.producers.get(id);
  // The repeat of a closing request is the one that a closed stream takes.
  const closing = stream?.closedBy;
  if (mode === "duplicate" && closing !== undefined) return closing;
  if (state === undefined) return { id, epoch: 1, seq: mode === "gap" ? 2 : 0 };
  const { epoch, seq } = state;
  switch (mode) {
    case "next":
      return { id, epoch, seq: seq + 1 };
    case "duplicate":
      return { id, epoch, seq: Math.max(0, seq - 1) };
    case "gap":
      return { id, epoch, seq: seq + 3 };
    case "stale":
      return { id, epoch: epoch - 1, seq: 0 };
    case "new epoch":
      return { id, epoch: epoch + 1, seq: 0 };
    case "bad epoch":
      return { id, epoch: epoch + 1, seq: 1 };
  }
}

export function resolveSeq(
  stream: Model | undefined,
  mode: "next" | "same" | "lower" | undefined,
): string | undefined {
  if (mode === undefined) return undefined;
  const last = stream?.writerSeq ?? "s";
  // One string is before another that goes on where it ends.
  if (mode === "next") return `${last}0`;
  return mode === "same" ? last : last.slice(0, -1) || "!";
}
