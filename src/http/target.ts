/**
 * The parts of a request's URL, cut out and not parsed again.
 *
 * The runtime gives `request.url` as a serialised URL: `new URL` would only find the same borders, at several times
 * the cost of everything else that a small read does.
 */

/** The path, percent-encoded as it was sent. */
export function pathnameOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start < 0 ? "/" : url.slice(start, endOfPath(url));
}

/** The query without its question mark; empty when there is none. */
export function queryOf(url: string): string {
  const end = endOfPath(url);
  if (url[end] !== "?") return "";
  const hash = url.indexOf("#", end);
  return url.slice(end + 1, hash < 0 ? url.length : hash);
}

function endOfPath(url: string): number {
  const query = url.indexOf("?");
  const hash = url.indexOf("#");
  if (query < 0 && hash < 0) return url.length;
  if (query < 0) return hash;
  return hash < 0 ? query : Math.min(query, hash);
}
