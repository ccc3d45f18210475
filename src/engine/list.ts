/** Lists the streams of the server, page by page. */

import type { Catalogue, CatalogueEntry } from "#storage/contract.ts";

export interface ListCommand {
  /** What every path begins with; all do with the empty one. */
  readonly prefix: string;
  /** Only paths that sort after this one; the empty string begins at the first. */
  readonly after: string;
  /** 1 to 1,000. */
  readonly limit: number;
}

export interface Listing {
  readonly streams: readonly CatalogueEntry[];
  /** The last path of the page, when there is another page; undefined when there is none. */
  readonly last: string | undefined;
}

/** @throws StorageFault when D1 does not answer */
export async function listStreams(
  catalogue: Catalogue,
  { prefix, after, limit }: ListCommand,
): Promise<Listing> {
  // One more than asked for tells whether there are more.
  const found = await catalogue.list(prefix, after, limit + 1);
  const streams = found.slice(0, limit);
  return { streams, last: found.length > limit ? streams.at(-1)?.path : undefined };
}
