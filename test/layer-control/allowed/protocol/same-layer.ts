export { value } from "./offset.ts";
