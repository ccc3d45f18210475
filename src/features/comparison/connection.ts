/** A plain connection, opened to learn whether it can be, and closed. */

import { connect } from "cloudflare:sockets";
import type { CanConnect } from "./network-error.ts";

const WAIT_MS = 1_000;

/** Opens a connection for a moment. One that takes longer than a second counts as none. */
export const canConnect: CanConnect = async (hostname, port) => {
  const socket = connect({ hostname, port });
  // Both are told of a failure, and whoever is not asked would report it as nobody's.
  const opened = socket.opened.then(
    () => true,
    () => false,
  );
  const closed = socket.closed.then(
    () => false,
    () => false,
  );
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, WAIT_MS, false));
  const opens = await Promise.race([opened, closed, late]);
  void socket.close().catch(() => undefined);
  return opens;
};
