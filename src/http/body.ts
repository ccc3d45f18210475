/** Request bodies: read whole and bounded before any state is looked at. */

import {
  APPEND_BYTES_MAX,
  BODY_MS_MAX,
  DISCARD_BYTES_MAX,
  UNCOUNTED_BYTES_MAX,
} from "#protocol/limits.ts";
import { accept, refuse, type Refusal, type Result } from "#protocol/refusal.ts";
import { respondRefusal } from "./respond.ts";
import type { Upload, Uploads } from "./uploads.ts";

const RETRY_AFTER_SECONDS = 1;

/**
 * Reads the body, at most `bytesMax` bytes of it, and answers with what `use` makes of it.
 *
 * A body above the limit, shorter or longer than its Content-Length, cut off by a client that went away, or too slow
 * is refused: nothing of it is used. Its bytes count among those of the object until the answer is made.
 */
export async function withBody(
  request: Request,
  uploads: Uploads,
  use: (body: Uint8Array) => Promise<Response>,
  bytesMax = APPEND_BYTES_MAX,
): Promise<Response> {
  const header = request.headers.get("Content-Length");
  const declared = header === null ? undefined : Number(header);
  if (declared !== undefined && declared > bytesMax) {
    await dropBody(request);
    return respondRefusal(tooLarge(bytesMax));
  }
  const upload = uploads.begin(declared);
  try {
    const body = await readBody(request, upload, declared, bytesMax);
    if (!body.ok) return respondRefusal(body.refusal);
    upload.complete();
    return await use(body.value);
  } finally {
    uploads.end(upload);
  }
}

async function readBody(
  request: Request,
  upload: Upload,
  declared: number | undefined,
  bytesMax: number,
): Promise<Result<Uint8Array>> {
  if (declared === undefined) return collect(request, upload, bytesMax);
  if (declared > UNCOUNTED_BYTES_MAX && !(await upload.enter(declared))) {
    await dropBody(request);
    return refuse(BUSY);
  }
  // To take a body in one piece costs less than to look at every part of it.
  const body = await take(request, upload);
  if (!body.ok || body.value.length === declared) return body;
  return refuse({
    code: "content_length_mismatch",
    message: `The body has ${body.value.length} bytes; Content-Length says ${declared}.`,
  });
}

/**
 * Reads a body that is not wanted and throws it away: a client that is still sending would lose its connection, and
 * the answer with it. Past {@link DISCARD_BYTES_MAX} it has to.
 */
export async function dropBody(request: Request): Promise<void> {
  if (request.body === null || request.bodyUsed) return;
  await discard(request.body.getReader());
}

async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  // Who is too slow for this gets no answer either: the connection ends.
  const timer = setTimeout(() => void cancel(reader), BODY_MS_MAX);
  let length = 0;
  try {
    while (length <= DISCARD_BYTES_MAX) {
      const { done, value } = await reader.read();
      if (done) return;
      length += value.length;
    }
    await reader.cancel();
  } catch {
    // The client went away: nobody waits for the answer, and nothing of the body is used.
  } finally {
    clearTimeout(timer);
  }
}

async function cancel(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // It had ended by itself.
  }
}

/** A body of known length. The runtime never gives more than Content-Length says. */
async function take(request: Request, upload: Upload): Promise<Result<Uint8Array>> {
  return new Promise((resolve) => {
    upload.onSlow = () => resolve(refuse(TOO_SLOW));
    request.arrayBuffer().then(
      (body) => resolve(accept(new Uint8Array(body))),
      () => resolve(refuse(ABORTED)),
    );
  });
}

/** A body of unknown length: it takes room when more than a little of it has come. */
async function collect(
  request: Request,
  upload: Upload,
  bytesMax: number,
): Promise<Result<Uint8Array>> {
  if (request.body === null) return accept(new Uint8Array());
  let body: Uint8Array = new Uint8Array(UNCOUNTED_BYTES_MAX);
  let length = 0;
  let counted = false;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  upload.onSlow = () => void cancel(reader);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (upload.isSlow) return refuse(TOO_SLOW);
      if (done) break;
      const next = length + value.length;
      if (next > bytesMax) return await refuseRest(reader, tooLarge(bytesMax));
      if (!counted && next > UNCOUNTED_BYTES_MAX) {
        counted = await upload.enter(bytesMax);
        if (!counted) return await refuseRest(reader, BUSY);
      }
      if (next > body.length) body = grow(body, length, next);
      body.set(value, length);
      length = next;
    }
  } catch {
    return refuse(upload.isSlow ? TOO_SLOW : ABORTED);
  }
  // What stays in memory as the newest of the stream keeps its array: a small one must not keep a large one.
  return accept(counted ? body.subarray(0, length) : body.slice(0, length));
}

/** A longer array with the same beginning: twice as long, so that it does not grow with every part. */
function grow(body: Uint8Array, length: number, needed: number): Uint8Array {
  const longer = new Uint8Array(Math.min(Math.max(2 * body.length, needed), APPEND_BYTES_MAX));
  longer.set(body.subarray(0, length));
  return longer;
}

/** Throws the rest away. */
async function refuseRest(reader: ReadableStreamDefaultReader<Uint8Array>, refusal: Refusal) {
  await discard(reader);
  return refuse(refusal);
}

// Whatever made the upload end early, the client sees the same: its body did not arrive.
const ABORTED: Refusal = {
  code: "aborted_body",
  message: "The body ended before it was complete.",
};

function tooLarge(bytesMax: number): Refusal {
  const advice = bytesMax === APPEND_BYTES_MAX ? " Send it in several appends." : "";
  return { code: "body_too_large", message: `The body is larger than ${bytesMax} bytes.${advice}` };
}

const TOO_SLOW: Refusal = {
  code: "body_too_slow",
  message:
    "The body took too long to arrive, or others waited for its room. Nothing was stored: send it again, in smaller appends if the connection is slow.",
};

const BUSY: Refusal = {
  code: "busy",
  message: "Too many large bodies are being sent to this stream at once. Nothing was stored.",
  retryAfterSeconds: RETRY_AFTER_SECONDS,
};
