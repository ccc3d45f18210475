/** A ticket's code as an image that scanners read. */

import { correction, generate } from "lean-qr";
import { toPngBuffer } from "lean-qr/extras/node_export";
import { toSvgSource } from "lean-qr/extras/svg";

/** Modules of quiet border on each side: what the standard asks for. */
const PAD = 4;

// A quarter of the symbol may be dirty or torn.
const encode = (text: string) => generate(text, { minCorrectionLevel: correction.Q });

/** The image as an SVG document. */
export function drawSvg(text: string): string {
  return toSvgSource(encode(text), { pad: PAD, on: "black", off: "white", xmlDeclaration: true });
}

/** The image as PNG. @param scale pixels per module */
export function drawPng(text: string, scale: number): Uint8Array {
  return new Uint8Array(
    toPngBuffer(encode(text), { pad: PAD, scale, on: [0, 0, 0], off: [255, 255, 255] }),
  );
}
