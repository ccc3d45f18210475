export { value } from "#storage/contract.ts";
