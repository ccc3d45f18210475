/** One request and what was answered, kept as evidence for a report. */

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface Exchange {
  readonly method: string;
  /** The request target as it was sent: path and query, never normalised. */
  readonly target: string;
  readonly requestHeaders: HeaderList;
  readonly requestBody: string;
  /** Undefined when no answer came; `failure` then says why. */
  readonly status: number | undefined;
  readonly responseHeaders: HeaderList;
  /** As text; of a live answer, the events that were read. */
  readonly responseBody: string;
  readonly failure: string | undefined;
  readonly startedMs: number;
  readonly durationMs: number;
}

const SHOWN_CHARS = 2_000;

/** Bytes for a person to read: text where they are text, base64 where not, cut after 2,000 characters. */
export function showBytes(bytes: Uint8Array): string {
  const text = decodeText(bytes) ?? `base64: ${Buffer.from(bytes).toString("base64")}`;
  return text.length <= SHOWN_CHARS
    ? text
    : `${text.slice(0, SHOWN_CHARS)}… (${bytes.length} bytes)`;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
