/**
 * From what `fetch` throws to why a probe failed.
 *
 * The runtime gives a failed request no code, only words, so that this one place reads them. A lost or refused
 * connection it calls by name; an unknown name and a refused handshake are both an "internal error". Which of the two
 * it was is then found out: where a plain connection can be opened, the name is known and the handshake was at fault.
 *
 * On Cloudflare's network neither throws: the statuses 530, and 525 or 526, come instead and are compared as such.
 */

import type { NormalizedUrl } from "./normalized-url.ts";
import type { ProbeError } from "./signal-envelope.ts";

/** Whether a plain connection to a host and port can be opened. */
export type CanConnect = (host: string, port: number) => Promise<boolean>;

const UNEXPLAINED = /^internal error/i;
const HTTPS_PORT = 443;

/**
 * @param error what `fetch`, or reading an answer, threw
 * @param url the hop that was asked
 * @param budgetMs the time that the probe was given, in milliseconds
 */
export async function describeNetworkError(
  error: unknown,
  url: NormalizedUrl,
  budgetMs: number,
  canConnect: CanConnect,
): Promise<ProbeError> {
  if (!(error instanceof Error)) return FETCH_ERROR;
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return { code: "timeout", message: `There was no complete answer within ${budgetMs} ms.` };
  }
  if (!UNEXPLAINED.test(error.message)) return FETCH_ERROR;
  const { protocol, hostname, port } = new URL(url);
  const opens =
    protocol === "https:" && (await canConnect(hostname, port === "" ? HTTPS_PORT : Number(port)));
  return opens ? TLS_ERROR : DNS_ERROR;
}

const DNS_ERROR: ProbeError = {
  code: "dns_error",
  message: "The host's name could not be resolved.",
};

const TLS_ERROR: ProbeError = {
  code: "tls_error",
  message: "No secure connection could be made: the certificate or the protocol was refused.",
};

const FETCH_ERROR: ProbeError = {
  code: "fetch_error",
  message: "The connection was refused, or lost before an answer was complete.",
};
