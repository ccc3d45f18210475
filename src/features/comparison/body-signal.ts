/** What is remembered of a body: how long it is, and a hash of its beginning. */

import { sha256Hex } from "./sha256.ts";

/** How much of a body is read. */
export const BODY_BYTES_MAX = 1_048_576;

export interface BodySignal {
  /** Bytes of the decoded body; undefined when neither the end nor a header tells. */
  readonly contentLength: number | undefined;
  /** SHA-256 of what was read, in hexadecimal; undefined for an answer that has no body. */
  readonly bodyHash: string | undefined;
}

/** Reads at most {@link BODY_BYTES_MAX} bytes of a body, and ends the transfer there. */
export async function readBodySignal(answer: Response): Promise<BodySignal> {
  if (answer.body === null) return { contentLength: 0, bodyHash: undefined };
  const { bytes, complete } = await readBounded(answer.body);
  return {
    contentLength: complete ? bytes.length : declaredLength(answer.headers),
    bodyHash: await sha256Hex(bytes),
  };
}

async function readBounded(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  const bytes = new Uint8Array(BODY_BYTES_MAX);
  let length = 0;
  for (;;) {
    // oxlint-disable-next-line eslint/no-await-in-loop -- the parts of a body come one after the other
    const { done, value } = await reader.read();
    if (done) return { bytes: bytes.subarray(0, length), complete: true };
    const room = BODY_BYTES_MAX - length;
    bytes.set(value.subarray(0, room), length);
    length += Math.min(value.length, room);
    if (value.length <= room) continue;
    // oxlint-disable-next-line eslint/no-await-in-loop -- the last step of the loop
    await reader.cancel();
    return { bytes, complete: false };
  }
}

/** What `Content-Length` says of a body that was sent as it is; of a compressed one it says something else. */
function declaredLength(headers: Headers): number | undefined {
  const declared = headers.get("content-length");
  if (declared === null || headers.has("content-encoding")) return undefined;
  const length = /^\d{1,15}$/.test(declared) ? Number(declared) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}
