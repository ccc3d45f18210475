import { describe, expect, it } from "vitest";
import { parseCfContext, parseColo } from "./cf-context.ts";

describe("the context of a request", () => {
  it("is the known parts that are what they should be", () => {
    const cf = {
      colo: "FRA",
      country: null,
      asn: 13335,
      asOrganization: "x".repeat(257),
      tlsVersion: "TLSv1.3",
      httpProtocol: 2,
      clientTcpRtt: 5,
    };
    expect(parseCfContext(cf)).toEqual({ colo: "FRA", asn: 13335, tlsVersion: "TLSv1.3" });
  });

  it.each([undefined, null, "FRA", {}, { clientTcpRtt: 5 }])("is none in %j", (cf) => {
    expect(parseCfContext(cf)).toBeUndefined();
  });
});

describe("the data centre of an answer", () => {
  it.each([
    ["8f1a2b3c4d5e6f70-AMS", "AMS"],
    ["8f1a2b3c4d5e6f70", undefined],
    ["8f1a2b3c4d5e6f70-somewhere", undefined],
    ["", undefined],
    [null, undefined],
  ])("in %j is %s", (ray, colo) => {
    expect(parseColo(ray)).toBe(colo);
  });
});
