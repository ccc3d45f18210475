/** What a stream's content type means for its bytes (§9). */

/** `json`: messages with boundaries. `text`: sent as text over SSE. `bytes`: sent as base64 over SSE. */
export type StreamKind = "json" | "text" | "bytes";

export const DEFAULT_CONTENT_TYPE = "application/octet-stream";

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** The media type without its parameters, in lower case: what two content types are compared by. */
export function mediaType(contentType: string): string {
  const semicolon = contentType.indexOf(";");
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** Whether this is a media type at all: a type and a subtype of the characters that RFC 9110 allows. */
export function isMediaType(contentType: string): boolean {
  return MEDIA_TYPE.test(mediaType(contentType));
}

/** How streams of a content type store and send their bytes (§5.8, §9.1). */
export function streamKind(contentType: string): StreamKind {
  const type = mediaType(contentType);
  if (type === "application/json") return "json";
  return type.startsWith("text/") ? "text" : "bytes";
}
