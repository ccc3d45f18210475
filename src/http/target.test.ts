import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathnameOf, queryOf } from "./target.ts";

describe("the parts of a URL", () => {
  it("are the ones that the URL standard finds in a serialised URL", () => {
    const path = fc.webPath();
    const query = fc.option(fc.webQueryParameters(), { nil: undefined });
    const fragment = fc.option(fc.webFragments(), { nil: undefined });
    fc.assert(
      fc.property(path, query, fragment, (p, q, f) => {
        const text = `http://127.0.0.1:8080${p}${q === undefined ? "" : `?${q}`}${f === undefined ? "" : `#${f}`}`;
        const url = new URL(text);
        expect(pathnameOf(url.href)).toBe(url.pathname);
        expect(`?${queryOf(url.href)}`).toBe(url.search === "" ? "?" : url.search);
      }),
    );
  });

  it("are found without any path", () => {
    expect(pathnameOf("http://localhost")).toBe("/");
    expect(queryOf("http://localhost")).toBe("");
  });
});
