/**
 * Two pages that should be the same and are not: something to compare on a new server, without a network.
 *
 * They are served where `COMPARE_ALLOWED_HOSTS` opens a host, as it does on a local server, and nowhere else: a
 * deployment has pages of its own.
 */

import { route, type Route } from "#features/route.ts";

interface DemoPage {
  readonly type: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const PRODUCTION: DemoPage = {
  type: "text/html; charset=utf-8",
  body: "<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<p>Release 41.</p>\n",
  headers: {
    "Cache-Control": "public, max-age=300",
    Vary: "Accept-Encoding",
    "Access-Control-Allow-Origin": "https://shop.example",
  },
};

/** What staging changed: caching, the variants, who may read it from a page, the text, and the way to it. */
const STAGING: DemoPage = {
  type: "text/html; charset=utf-8",
  body: "<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<p>Release 42, with debug panel.</p>\n",
  headers: {
    "Cache-Control": "no-store",
    Vary: "Accept-Encoding, Cookie",
    "Access-Control-Allow-Origin": "*",
  },
};

export function demoRoutes(): Route[] {
  return [
    servePage("/demo/production", "The demo's production.", PRODUCTION),
    servePage("/demo/staging/home", "The demo's staging.", STAGING),
    route({
      method: "GET",
      path: "/demo/staging",
      summary: "The way to the demo's staging.",
      answers: { 302: { description: "To /demo/staging/home." } },
      run: async () => ({ ok: true, status: 302, headers: { Location: "/demo/staging/home" } }),
    }),
  ];
}

function servePage(path: string, summary: string, { type, body, headers }: DemoPage): Route {
  return route({
    method: "GET",
    path,
    summary,
    answers: { 200: { description: "A page.", contentType: "text/html" } },
    run: async () => ({ ok: true, status: 200, content: { type, body }, headers }),
  });
}
