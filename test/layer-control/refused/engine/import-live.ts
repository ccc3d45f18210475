export { value } from "#live/sse.ts";
