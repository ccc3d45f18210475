/** What stands in the way of an export or import, in words for the person who runs it. */

export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}
