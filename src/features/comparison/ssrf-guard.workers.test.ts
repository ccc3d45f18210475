import { describe, expect, it } from "vitest";
import { parseUrl } from "./normalized-url.ts";
import { decideTarget } from "./ssrf-guard.ts";

const NONE: ReadonlySet<string> = new Set();

function decide(text: string, allowed = NONE): "open" | "closed" {
  const url = parseUrl(text);
  if (url === undefined) throw new Error(`${text} is no URL`);
  return decideTarget(url, allowed) === undefined ? "open" : "closed";
}

describe("the guard lets through", () => {
  it.each([
    "http://example.com/",
    "https://example.com/a?b",
    "https://example.com:443/",
    "http://example.com:80/",
    "https://example.com:80/",
    "http://localhost.example.com/",
    "http://mylocalhost/",
    "http://internal.example/",
    "http://1.1.1.1/",
    "http://9.255.255.255/",
    "http://11.0.0.0/",
    "http://100.63.255.255/",
    "http://100.128.0.0/",
    "http://126.255.255.255/",
    "http://128.0.0.0/",
    "http://169.253.255.255/",
    "http://169.255.0.0/",
    "http://172.15.255.255/",
    "http://172.32.0.0/",
    "http://191.255.255.255/",
    "http://192.0.1.0/",
    "http://192.167.255.255/",
    "http://192.169.0.0/",
    "http://198.17.255.255/",
    "http://198.20.0.0/",
    "http://223.255.255.255/",
    "http://[2606:4700:4700::1111]/",
    "http://[2a00:1450:4001:81b::200e]/",
  ])("%s", (text) => {
    expect(decide(text)).toBe("open");
  });
});

describe("the guard refuses", () => {
  it.each(["ftp://example.com/", "file:///etc/passwd", "data:text/plain,x", "javascript:1"])(
    "the scheme of %s",
    (text) => {
      expect(decide(text)).toBe("closed");
    },
  );

  it.each(["http://example.com:8080/", "https://example.com:8443/", "http://example.com:22/"])(
    "the port of %s",
    (text) => {
      expect(decide(text)).toBe("closed");
    },
  );

  it.each(["http://user@example.com/", "http://:secret@example.com/", "https://a:b@example.com/"])(
    "the user of %s",
    (text) => {
      expect(decide(text)).toBe("closed");
    },
  );

  it.each([
    "localhost",
    "LOCALHOST",
    "localhost.",
    "app.localhost",
    "app.localhost.",
    "localhost.localdomain",
    "metadata.google.internal",
    "internal",
    "a.internal.",
    "printer.local",
    "local",
  ])("the name %s", (host) => {
    expect(decide(`http://${host}/`)).toBe("closed");
  });

  it.each([
    ["0.0.0.0", "0.255.255.255"],
    ["10.0.0.0", "10.255.255.255"],
    ["100.64.0.0", "100.127.255.255"],
    ["127.0.0.0", "127.255.255.255"],
    ["169.254.0.0", "169.254.169.254"],
    ["172.16.0.0", "172.31.255.255"],
    ["192.0.0.0", "192.0.0.255"],
    ["192.168.0.0", "192.168.255.255"],
    ["198.18.0.0", "198.19.255.255"],
    ["224.0.0.0", "239.255.255.255"],
    ["240.0.0.0", "255.255.255.255"],
    ["192.0.2.1", "203.0.113.1"],
  ])("the addresses from %s to %s", (first, last) => {
    expect([first, last].map((host) => decide(`http://${host}/`))).toEqual(["closed", "closed"]);
  });

  it.each([
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "127.1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "①②⑦.0.0.1",
    "0300.0250.0.1",
    "3232235521",
    "0xa9fea9fe",
  ])("the spelling %s", (host) => {
    expect(decide(`http://${host}/`)).toBe("closed");
  });

  it.each([
    "::",
    "::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "::ffff:8.8.8.8",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2001:db8::1",
    "3fff::1",
    "100::1",
    "2002:7f00:1::",
    "2001::1",
  ])("the address [%s]", (host) => {
    expect(decide(`http://[${host}]/`)).toBe("closed");
  });
});

describe("an allowed host", () => {
  const allowed = new Set(["127.0.0.1:4437", "[::1]:80", "localhost:443"]);

  it.each(["http://127.0.0.1:4437/demo", "http://[::1]/", "https://localhost/"])(
    "opens %s",
    (text) => {
      expect(decide(text, allowed)).toBe("open");
    },
  );

  it.each([
    "http://127.0.0.1:4438/",
    "http://127.0.0.1/",
    "http://localhost/",
    "http://user@127.0.0.1:4437/",
    "ftp://127.0.0.1:4437/",
  ])("opens nothing else, such as %s", (text) => {
    expect(decide(text, allowed)).toBe("closed");
  });
});
