/** Requests of the fault tests, which also run without a test runner. */

export const JSON_TYPE = "application/json";

export function put(
  url: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init = { method: "PUT", headers: { "Content-Type": JSON_TYPE, ...headers } };
  return fetch(url, body === undefined ? init : { ...init, body });
}

export function post(
  url: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "Content-Type": JSON_TYPE, ...headers }, body });
}

export function close(url: string): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "Stream-Closed": "true" } });
}

export function remove(url: string): Promise<Response> {
  return fetch(url, { method: "DELETE" });
}

/** The headers of a request of producer `p` in its first epoch. */
export function producer(seq: number): Record<string, string> {
  return { "Producer-Id": "p", "Producer-Epoch": "0", "Producer-Seq": String(seq) };
}
