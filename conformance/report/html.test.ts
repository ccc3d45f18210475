import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { renderHtml } from "./html.ts";
import { escapeHtml, markup } from "./markup.ts";
import { HOSTILE, sampleReport } from "./sample.ts";

const PAGE = renderHtml(sampleReport());

describe("a template", () => {
  it("escapes what is put in, in text and in attributes", () => {
    expect(markup`<a title="${`"'&<>`}">${"<b>"}</a>`.text).toBe(
      `<a title="&quot;&#39;&amp;&lt;&gt;">&lt;b&gt;</a>`,
    );
  });

  it("leaves templates in templates alone, and leaves out what is undefined", () => {
    expect(markup`<p>${markup`<b>${1}</b>`}${undefined}</p>`.text).toBe("<p><b>1</b></p>");
    expect(markup`<ul>${[markup`<li>`, markup`<li>`]}</ul>`.text).toBe("<ul><li>\n<li></ul>");
  });

  it("shows controls and turns of direction instead of sending them", () => {
    expect(escapeHtml("a\u0000b\u202Ec\r\n\t\uD800")).toBe("a\\u0000b\\u202Ec\\r\n\t\uFFFD");
  });
});

describe("the page", () => {
  it("has only its own script, and a policy that allows no other", () => {
    const scripts = [...PAGE.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text = ""]) => text);
    expect(scripts).toHaveLength(1);
    const hash = createHash("sha256").update(scripts.join("")).digest("base64");
    expect(PAGE).toContain(`script-src &#39;sha256-${hash}&#39;`);
  });

  it("shows what the server sent as text, wherever it stands", () => {
    expect(PAGE.includes("<script>alert")).toBe(false);
    expect(PAGE.includes("<img")).toBe(false);
    // Name (twice), message of three tests, a title, target (twice), both headers (three times), both bodies, failure.
    expect(PAGE.split(escapeHtml(HOSTILE)).length - 1).toBeGreaterThanOrEqual(13);
  });

  it("needs nothing from elsewhere", () => {
    expect(/<(?:link|img|iframe)\b|@import|url\(|<[^>]*\ssrc=/.test(PAGE)).toBe(false);
  });

  it("opens the failed requirement, and no other", () => {
    const open = [
      ...PAGE.matchAll(/id="([\d.-]+)"(?:(?!<article).)*?<details class="tests-of"( open)?/gs),
    ];
    expect(open.map(([, id, state]) => [id, state !== undefined])).toEqual([
      ["5.2-01", false],
      ["5.2-02", true],
      ["5.8-01", false],
    ]);
  });

  it("tells every requirement with its level and its result", () => {
    for (const { id, level, outcome, section } of sampleReport().requirements) {
      expect(PAGE).toContain(
        `id="${id}" data-result="${outcome}" data-level="${level}" data-section="${section}"`,
      );
    }
  });

  it("keeps an empty line at the beginning of a body", () => {
    expect(PAGE).toContain(`<pre class="body">\n\n&lt;script`);
  });

  it("says why a test was skipped", () => {
    expect(PAGE).toContain("It has no end.");
  });

  it("stays readable without requirements", () => {
    const page = renderHtml({ ...sampleReport(), requirements: [], levels: [] });
    expect(page).toContain("No suite was run that shows requirements.");
    expect(page).not.toContain("<script>");
  });
});
