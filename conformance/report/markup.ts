/**
 * HTML that is safe by construction: what is put into a template is escaped, unless it came out of a template itself.
 *
 * A server's bytes end up in a report. They must show, and never act: no tags, no attributes, no control characters that
 * change how the rest of a line reads.
 */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Insertion = Markup | readonly Markup[] | string | number | undefined;

/** Insertions may stand in text and in double-quoted attributes, nowhere else. */
export function markup(parts: TemplateStringsArray, ...insertions: readonly Insertion[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...insertions.map(insert)));
}

function insert(insertion: Insertion): string {
  if (insertion === undefined) return "";
  if (insertion instanceof Markup) return insertion.text;
  if (typeof insertion === "object") return insertion.map(({ text }) => text).join("\n");
  return escapeHtml(String(insertion));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Controls (but tab and newline), and the characters that turn the direction of text. */
const UNSHOWN = /[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(UNSHOWN, showControl)
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function showControl(character: string): string {
  if (character === "\r") return "\\r";
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
