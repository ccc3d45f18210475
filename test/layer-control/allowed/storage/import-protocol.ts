export { value } from "#protocol/offset.ts";
