import { describe, expect, it } from "vitest";
import { ArgumentError, parseOptions } from "./options.ts";

const SEED = 42;
const parse = (...args: string[]) => parseOptions(args, () => SEED);

describe("the arguments", () => {
  it("need none: our own server, every suite, a random seed", () => {
    expect(parse()).toEqual({
      url: undefined,
      ackMode: "journal",
      name: "Headwater (journal)",
      suites: ["official", "requirements", "differential", "characterisation"],
      subscriptions: false,
      longPollTimeoutMs: 1_000,
      sseDurationMs: 6_000,
      runs: 200,
      loadMs: 10_000,
      seed: SEED,
      reportDirectory: ".conformance",
    });
  });

  it("are taken as they are given", () => {
    const line =
      "--url http://127.0.0.1:4437/base/ --name Mine --only differential,official --subscriptions " +
      "--long-poll-timeout 2000 --sse-duration 4000 --runs 5 --load 700 --seed 0 --report out";
    expect(parse(...line.split(" "))).toEqual({
      url: "http://127.0.0.1:4437/base",
      ackMode: "journal",
      name: "Mine",
      suites: ["official", "differential"],
      subscriptions: true,
      longPollTimeoutMs: 2_000,
      sseDurationMs: 4_000,
      runs: 5,
      loadMs: 700,
      seed: 0,
      reportDirectory: "out",
    });
  });

  it("expect the usual timing of a server at a URL, and call it by its host", () => {
    expect(parse("--url", "https://example.com")).toMatchObject({
      name: "example.com",
      longPollTimeoutMs: 30_000,
      sseDurationMs: 60_000,
    });
  });

  it("are nothing when only the usage is wanted", () => {
    expect(parse("--help", "--runs", "x")).toBeUndefined();
  });

  it.each([
    ["--only official,oficial", `--only names "oficial", which is no suite: there are `],
    ["--only=", `--only names "", which is no suite: `],
    ["--url ftp://a", `--url is "ftp://a": it must begin with http:// or https://.`],
    ["--url 127.0.0.1:4437", `--url is "127.0.0.1:4437": it must begin with http:// or https://.`],
    [
      "--url http://a/?b",
      `--url is "http://a/?b": it must have no user, no query and no fragment.`,
    ],
    ["--url http://a/v1/stream/", `leave out /v1/stream, which the suites add.`],
    ["--url http://a --ack-mode d1", "--ack-mode is for the server that is started here"],
    ["--ack-mode fast", `--ack-mode is "fast": it must be journal or d1.`],
    ["--runs 0", `--runs is "0": it must be a whole number from 1 to 1000000.`],
    ["--runs 1e3", `--runs is "1e3": it must be a whole number`],
    ["--seed=-1", `--seed is "-1": it must be a whole number from 0 to 2147483647.`],
    ["--long-poll-timeout 1s", `--long-poll-timeout is "1s": it must be a whole number`],
    ["--sse-duration 1", `--sse-duration is "1": it must be a whole number from 100 to 600000.`],
    ["--runs -3", "Option '--runs' argument is ambiguous."],
    ["--bogus", "Unknown option '--bogus'."],
    ["--name", "Option '--name <value>' argument missing."],
    ["official", "Unexpected argument 'official'."],
  ])("refuse %s in a sentence", (line, sentence) => {
    const refuse = () => parse(...line.split(" "));
    expect(refuse).toThrow(ArgumentError);
    expect(refuse).toThrow(sentence);
    expect(refuse).toThrow(/^[^\n]+\.$/);
  });
});
