export { value } from "../config.ts";
