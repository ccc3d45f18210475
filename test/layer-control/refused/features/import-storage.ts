export { value } from "#storage/journal.ts";
