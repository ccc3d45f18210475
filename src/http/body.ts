/** Request bodies: read whole and bounded before any state is looked at. */

import { APPEND_BYTES_MAX, DISCARD_BYTES_MAX } from "#protocol/limits.ts";
import { accept, refuse, type Result } from "#protocol/refusal.ts";

/**
 * Reads the body, at most {@link APPEND_BYTES_MAX} bytes of it.
 *
 * A body above the limit, shorter or longer than its Content-Length, or cut off by a client that went away is
 * refused: nothing of it is used.
 */
export async function readBody(request: Request): Promise<Result<Uint8Array>> {
  const header = request.headers.get("Content-Length");
  const declared = header === null ? undefined : Number(header);
  if (declared !== undefined && declared > APPEND_BYTES_MAX) {
    await dropBody(request);
    return refuseLarge();
  }
  // To take a body in one piece costs less than to look at every part of it.
  const body = declared === undefined ? await collect(request) : await take(request);
  if (!body.ok || declared === undefined || body.value.length === declared) return body;
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
  }
}

/** A body of known length. The runtime never gives more than Content-Length says. */
async function take(request: Request): Promise<Result<Uint8Array>> {
  try {
    return accept(new Uint8Array(await request.arrayBuffer()));
  } catch {
    return refuseAborted();
  }
}

async function collect(request: Request): Promise<Result<Uint8Array>> {
  if (request.body === null) return accept(new Uint8Array());
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > APPEND_BYTES_MAX) {
        await discard(reader);
        return refuseLarge();
      }
      parts.push(value);
    }
  } catch {
    return refuseAborted();
  }
  return accept(join(parts, length));
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

// Whatever made the upload end early, the client sees the same: its body did not arrive.
function refuseAborted() {
  return refuse({ code: "aborted_body", message: "The body ended before it was complete." });
}

function refuseLarge() {
  return refuse({
    code: "body_too_large",
    message: `The body is larger than ${APPEND_BYTES_MAX} bytes. Send it in several appends.`,
  });
}
