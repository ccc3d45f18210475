/** UTF-8 at the edges of frames: a character may be split between two appends. */

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LENIENT = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** The text of the bytes, or undefined when they are not valid UTF-8. A byte order mark is kept. */
export function decodeStrict(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch (error) {
    // The decoder's only way to say that the bytes are not UTF-8.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The text of the bytes; what is not UTF-8 becomes U+FFFD. */
export function decodeLenient(bytes: Uint8Array): string {
  return LENIENT.decode(bytes);
}

/** Whether a byte continues a character that an earlier byte began. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** How many bytes at the end are the beginning of a character whose rest is missing: 0 to 3. */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

function characterLength(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 1;
}
