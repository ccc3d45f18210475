/** Tests and their evidence in the HTML report. */

import type { Exchange, HeaderList } from "../harness/exchange.ts";
import type { TestResult } from "../harness/result.ts";
import type { Outcome } from "./requirement-results.ts";
import { markup, Markup } from "./markup.ts";

/** More are in the JSON file: a page with thousands does not open. */
const EXCHANGES_SHOWN = 30;

export function renderBadge(outcome: Outcome | "not run"): Markup {
  return markup`<span class="badge ${outcome.replace(" ", "-")}">${outcome}</span>`;
}

/** Words of ours, or of the official suite: what stands in backticks is shown as code. */
export function renderText(text: string): Markup {
  const parts = text.split(/`([^`]+)`/);
  const rendered = parts.map((part, index) =>
    index % 2 === 1 ? markup`<code>${part}</code>` : markup`${part}`,
  );
  return markup`<span class="text">${new Markup(rendered.join(""))}</span>`;
}

/** @param label what the reader is told instead of the test's full name */
export function renderTest(test: TestResult, label: string, source?: string): Markup {
  return markup`<li>${renderBadge(test.status)} ${renderText(label)}
<span class="soft">${source === undefined ? "" : `${source}, `}${formatSeconds(test.seconds)}</span>
${renderMessage(test)}${renderExchanges(test.exchanges ?? [])}</li>`;
}

export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function renderMessage({ status, message }: TestResult): Markup | undefined {
  if (message === undefined) return undefined;
  return status === "failed"
    ? markup`<pre class="message">${message}</pre>`
    : markup`<span class="soft">${message}</span>`;
}

function renderExchanges(exchanges: readonly Exchange[]): Markup[] {
  const shown = exchanges.slice(-EXCHANGES_SHOWN);
  const left = exchanges.length - shown.length;
  const rendered = shown.map((exchange, index) =>
    renderExchange(exchange, left + index + 1, index === shown.length - 1),
  );
  if (left === 0) return rendered;
  return [
    markup`<p class="soft">The first ${left} exchanges are in the JSON report only.</p>`,
    ...rendered,
  ];
}

/** Only the last one is open: it is usually the one that shows the failure. */
function renderExchange(exchange: Exchange, number: number, isLast: boolean): Markup {
  const { method, target, status, failure, durationMs } = exchange;
  const outcome = status === undefined ? "no answer" : String(status);
  const time = formatSeconds(durationMs / 1000);
  return markup`<details class="exchange"${isLast ? OPEN : undefined}>
<summary>${number}. <code>${method} ${target}</code> → ${outcome} <span class="soft">${time}</span></summary>
<div class="sides"><div><span class="soft">Request</span>
<pre><b>${method} ${target}</b></pre>${renderHeaders(exchange.requestHeaders)}${renderBody(exchange.requestBody)}</div>
<div><span class="soft">Response</span>
<pre><b>${outcome}</b></pre>${renderHeaders(exchange.responseHeaders)}${renderBody(exchange.responseBody)}${
    failure === undefined ? undefined : markup`<pre class="message">${failure}</pre>`
  }</div></div></details>`;
}

export const OPEN = markup` open`;

function renderHeaders(headers: HeaderList): Markup | undefined {
  if (headers.length === 0) return undefined;
  const lines = headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  return markup`<pre class="headers">${lines}</pre>`;
}

/** The newline after the tag is HTML's, not the body's: a body that begins with one keeps it. */
function renderBody(body: string): Markup | undefined {
  return body === "" ? undefined : markup`<pre class="body">\n${body}</pre>`;
}
