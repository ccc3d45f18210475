/** Finding JSON in the prose of a language model. */

/**
 * The first balanced JSON object of a text, parsed.
 *
 * Braces inside strings do not count. Text that is balanced but no JSON is passed over, and the search goes on behind
 * its first brace.
 *
 * @returns undefined when the text holds none
 */
export function extractJsonObject(text: string): unknown {
  for (let start = text.indexOf("{"); start >= 0; start = text.indexOf("{", start + 1)) {
    const end = findBalancedEnd(text, start);
    const parsed = end === undefined ? undefined : parse(text.slice(start, end));
    if (parsed !== undefined) return parsed;
  }
  return undefined;
}

/** Where the object that begins at a brace ends, or undefined when it does not. */
function findBalancedEnd(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{") depth++;
    else if (char === "}") {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
