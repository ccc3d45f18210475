/** The images of a ticket's code, read back as a scanner would. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import jsqr from "jsqr";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type Server } from "../../scripts/server.ts";
import { call, refusalOf, type Ticket } from "./ticket-client.ts";

let data: string;
let server: Server;
let code: string;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "headwater-qr-"));
  server = await startServer({ dataDirectory: data });
  const sent = { body: { ticketType: "adult" } };
  const made = await call<{ tickets: Ticket[] }>(server.url, "POST", "/api/tickets", sent);
  code = made.body.tickets[0]?.qrCode ?? "";
});

afterAll(async () => {
  await server.stop();
  await rm(data, { recursive: true });
});

/** A picture in black and white: true is black. */
interface Picture {
  readonly size: number;
  readonly isBlack: (x: number, y: number) => boolean;
}

/** What a scanner reads in a picture, each of whose pixels is drawn with several. */
function scan({ size, isBlack }: Picture, scale: number): string | undefined {
  const width = size * scale;
  const pixels = new Uint8ClampedArray(width * width * 4);
  for (let i = 0; i < width * width; i++) {
    const x = Math.floor((i % width) / scale);
    const y = Math.floor(i / width / scale);
    pixels.set(isBlack(x, y) ? [0, 0, 0, 255] : [255, 255, 255, 255], i * 4);
  }
  return jsqr(pixels, width, width)?.data;
}

/** Reads a PNG of one bit per pixel without filters, whose first colour is white and whose second is black. */
function readPng(png: Buffer): Picture {
  expect(png.subarray(0, 8).toString("latin1")).toBe("\u0089PNG\r\n\u001a\n");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const header = chunks.get("IHDR") ?? Buffer.alloc(13);
  const size = header.readUInt32BE(0);
  expect([header.readUInt32BE(4), header[8]]).toEqual([size, 1]);
  const rows = inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0));
  const rowBytes = Math.ceil(size / 8) + 1;
  const white = header[9] === 3 ? 0 : 1;
  return {
    size,
    isBlack(x, y) {
      const byte = rows[y * rowBytes + 1 + (x >> 3)] ?? 0;
      return ((byte >> (7 - (x & 7))) & 1) !== white;
    },
  };
}

/** Reads an SVG whose one path goes along the edges of modules. */
function readSvg(svg: string): Picture {
  const [, left = "0", , width = "0"] = /viewBox="(-?\d+) (-?\d+) (\d+) \d+"/.exec(svg) ?? [];
  const [, path = ""] = /<path d="([^"]*)"/.exec(svg) ?? [];
  const outlines = path.split("M").slice(1);
  const edges = outlines.flatMap((outline) => {
    const points = [...outline.matchAll(/(-?\d+) (-?\d+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    return points.map((point, i) => [point, points[(i + 1) % points.length] ?? point] as const);
  });
  const isInside = (x: number, y: number) => {
    const crossed = edges.filter(([[x1 = 0, y1 = 0], [, y2 = 0]]) => x1 > x && y1 > y !== y2 > y);
    return crossed.length % 2 === 1;
  };
  const shift = Number(left) + 0.5;
  return { size: Number(width), isBlack: (x, y) => isInside(x + shift, y + shift) };
}

describe("the image of a code", () => {
  it.each([1, 4, 8])("is a PNG that a scanner reads, at %i pixels per module", async (scale) => {
    const answer = await fetch(`${server.url}/api/tickets/${code}/qr.png?scale=${scale}`);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "image/png"]);
    const picture = readPng(Buffer.from(await answer.arrayBuffer()));
    expect(picture.size % scale).toBe(0);
    expect(scan(picture, scale === 1 ? 4 : 1)).toBe(code);
  });

  it("is an SVG that a scanner reads", async () => {
    const answer = await fetch(`${server.url}/api/tickets/${code}/qr.svg`);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "image/svg+xml"]);
    expect(scan(readSvg(await answer.text()), 4)).toBe(code);
  });

  it("is refused for an unknown code, and for a size that is none", async () => {
    for (const format of ["svg", "png"]) {
      const answer = await call(server.url, "GET", `/api/tickets/none/qr.${format}`);
      expect(refusalOf(answer)).toEqual([404, "ticket_not_found"]);
    }
    for (const scale of ["0", "33", "big", "1.5", ""]) {
      const answer = await call(server.url, "GET", `/api/tickets/${code}/qr.png?scale=${scale}`);
      expect(refusalOf(answer)).toEqual([400, "invalid_request"]);
    }
  });
});
