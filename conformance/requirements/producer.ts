/** Requests of idempotent producers. */

import type { Answer } from "../harness/client.ts";
import type { Subject } from "../harness/subject.ts";

type Count = number | string;

/** The headers of a request of producer `id`. */
export const producer = (epoch: Count, seq: Count, id = "p") => ({
  "Producer-Id": id,
  "Producer-Epoch": String(epoch),
  "Producer-Seq": String(seq),
});

/** Appends text as producer `p`. */
export function send(
  s: Subject,
  path: string,
  body: string,
  epoch: Count,
  seq: Count,
): Promise<Answer> {
  return s.post(path, body, { headers: producer(epoch, seq) });
}
