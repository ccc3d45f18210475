export { value } from "#features/feature.ts";
