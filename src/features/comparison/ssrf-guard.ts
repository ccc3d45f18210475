/**
 * The guard against requests to places that only this server can reach (server-side request forgery).
 *
 * Every hop of a probe is asked about here, before a connection is made. What cannot be told from a URL is where its
 * name leads: the platform resolves it while it connects and shows the address to nobody, so that a public name with
 * a private address (DNS rebinding) is not noticed. On Cloudflare such an address leads nowhere; elsewhere the
 * network has to close what this guard cannot see.
 */

import ipaddr from "ipaddr.js";
import type { NormalizedUrl } from "./normalized-url.ts";

/** `host:port` targets that are open whatever the rules say: for development and tests. */
export type AllowedHosts = ReadonlySet<string>;

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };
const LOCAL_NAMES: ReadonlySet<string> = new Set(["localhost", "localhost.localdomain"]);
const LOCAL_SUFFIXES = [".localhost", ".internal", ".local"];
// Everything that IPv6 gives to the public Internet lies in here; what is special inside, the library knows.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Decides whether a URL may be asked.
 *
 * @returns why not, in one sentence; undefined when it may
 */
export function decideTarget(target: NormalizedUrl, allowed: AllowedHosts): string | undefined {
  const url = new URL(target);
  const defaultPort = PORTS[url.protocol];
  if (defaultPort === undefined) return `Only http: and https: are probed, not ${url.protocol}`;
  if (url.username !== "" || url.password !== "") {
    return "A probed URL carries no user name and no password: remove what is before the @.";
  }
  const port = url.port === "" ? defaultPort : url.port;
  if (allowed.has(`${url.hostname}:${port}`)) return undefined;
  if (port !== "80" && port !== "443") return `Only ports 80 and 443 are probed, not ${port}.`;
  return isPublicHost(url.hostname)
    ? undefined
    : `${url.hostname} is a private, local or reserved address: only public hosts are probed.`;
}

/** Whether a host, as WHATWG's parser writes it, is a public address or a name that is not known to be local. */
function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return isPublicIpv6(hostname.slice(1, -1));
  const host = hostname.replace(/\.+$/, "");
  // The URL parser has brought decimal, octal, hexadecimal and short spellings into four decimal parts.
  if (ipaddr.IPv4.isValidFourPartDecimal(host))
    return ipaddr.IPv4.parse(host).range() === "unicast";
  if (host === "" || LOCAL_NAMES.has(host)) return false;
  return !LOCAL_SUFFIXES.some((suffix) => `.${host}`.endsWith(suffix));
}

function isPublicIpv6(host: string): boolean {
  const address = ipaddr.IPv6.parse(host);
  return address.match(GLOBAL_IPV6) && address.range() === "unicast";
}
