/** What keeps wrangler and Miniflare from reaching for the network, and from tracing every local request. */

const OFFLINE = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  X_LOCAL_OBSERVABILITY: "false",
  X_LOCAL_EXPLORER: "false",
};

/** Sets the variables for this process and the ones it starts. Call it before wrangler is imported. */
export function goOffline(): void {
  Object.assign(process.env, OFFLINE);
}
