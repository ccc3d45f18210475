/** The sections of the protocol, by the numbers that requirements carry. */

const TITLES: Readonly<Record<string, string>> = {
  "1": "Introduction",
  "2": "Terminology",
  "3": "Protocol overview",
  "4": "Stream model",
  "4.1": "Stream closure",
  "4.2": "Stream forking",
  "5": "HTTP operations",
  "5.1": "Create a stream",
  "5.2": "Append to a stream",
  "5.2.1": "Idempotent producers",
  "5.3": "Close a stream",
  "5.4": "Delete a stream",
  "5.5": "Stream metadata",
  "5.6": "Catch-up reads",
  "5.7": "Long-poll",
  "5.8": "SSE",
  "6": "Reserved subscription APIs",
  "7": "Subscription delivery",
  "8": "Offsets",
  "9": "Content types",
  "9.1": "JSON mode",
  "10": "Caching and collapsing",
  "10.1": "Catch-up and long-poll reads",
  "10.2": "SSE",
  "11": "Extensibility",
  "12": "Security considerations",
  "12.7": "Browser security headers",
  "13": "IANA considerations",
  "13.2": "HTTP headers",
};

/** The section that an id such as `5.2.1-04` belongs to. */
export function sectionOf(id: string): string {
  const dash = id.lastIndexOf("-");
  return dash === -1 ? id : id.slice(0, dash);
}

/** `§5.2 Append to a stream`; the number alone where the title is not known. */
export function formatSection(section: string): string {
  const title = TITLES[section];
  return title === undefined ? `§${section}` : `§${section} ${title}`;
}

/** The order of the text: 5.2 before 5.2.1 before 5.10. */
export function compareIds(a: string, b: string): number {
  return compareParts(sectionOf(a), sectionOf(b)) || compareParts(a, b);
}

function compareParts(a: string, b: string): number {
  const [left, right] = [a.split(/[.-]/), b.split(/[.-]/)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = comparePart(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const difference = Number(a) - Number(b);
  if (!Number.isNaN(difference)) return difference;
  return a < b ? -1 : 1;
}

/** By section, in the order of the text. */
export function groupBySection<T extends { readonly id: string }>(
  items: readonly T[],
): readonly (readonly [section: string, items: readonly T[]])[] {
  const sorted = items.toSorted((a, b) => compareIds(a.id, b.id));
  return [...Map.groupBy(sorted, ({ id }) => sectionOf(id))];
}
