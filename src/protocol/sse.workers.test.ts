// In workerd: Node 24 has no Uint8Array.prototype.toBase64.
import { describe, expect, it } from "vitest";
import { chunkOf } from "./frames.ts";
import { ZERO } from "./offset.ts";
import { formatControlEvent, formatDataEvent } from "./sse.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("events (§5.8)", () => {
  const chunks = (text: string) => [chunkOf(ZERO, [bytes(text)])];

  it("makes every line break of a payload a data line", () => {
    const event = formatDataEvent(chunks("a\r\n\r\nevent: control\rdata: x\n b"), "text");
    expect(event).toBe(
      "event: data\ndata:a\ndata:\ndata:event: control\ndata:data: x\ndata:  b\n\n",
    );
  });

  it("sends bytes as base64", () => {
    const binary = [chunkOf(ZERO, [new Uint8Array([0xff, 0xfe])])];
    expect(formatDataEvent(binary, "bytes")).toBe("event: data\ndata://4=\n\n");
  });

  it("names no cursor at the end of a closed stream", () => {
    const control = { next: ZERO, upToDate: true, closed: true, cursor: "7" };
    expect(formatControlEvent(control)).not.toContain("streamCursor");
    expect(formatControlEvent({ ...control, closed: false })).toContain('"streamCursor":"7"');
  });
});
