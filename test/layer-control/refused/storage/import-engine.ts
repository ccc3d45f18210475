export { value } from "#engine/append.ts";
