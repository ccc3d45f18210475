export { value } from "#http/respond.ts";
