/** The one function of Node's zlib that is used here: the runtime's generated types leave Node's modules out. */

declare module "node:zlib" {
  export function crc32(data: Uint8Array | string, value?: number): number;
}
