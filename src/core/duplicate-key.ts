/**
 * The first key that an object of a JSON text holds twice, as a path (`["conv.weight", "shape"]`), or undefined.
 * JSON.parse silently keeps the last one, so two readers could see two different contents in one file.
 * @param text valid JSON: what JSON.parse accepts
 */
export function duplicateKey(text: string): string[] | undefined {
  // One entry per open object or array; `keys` is undefined for an array, `current` the key whose value is being read.
  const open: { keys: Set<string> | undefined; current: string }[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{") open.push({ keys: new Set(), current: "" });
    else if (character === "[") open.push({ keys: undefined, current: "" });
    else if (character === "}" || character === "]") open.pop();
    else if (character === '"') {
      const end = closingQuote(text, i);
      const top = open.at(-1);
      if (top?.keys !== undefined && isKey(text, end)) {
        // Two spellings of one key ("a" and "\u0061") are the same key.
        top.current = String(JSON.parse(text.slice(i, end + 1)));
        if (top.keys.has(top.current))
          return open.filter(({ keys }) => keys !== undefined).map(({ current }) => current);
        top.keys.add(top.current);
      }
      i = end;
    }
  }
  return undefined;
}

function closingQuote(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i;
}

/** A string is a key when a colon follows; a string value never has one behind it. */
function isKey(text: string, end: number): boolean {
  let i = end + 1;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\t" || text[i] === "\r") i++;
  return text[i] === ":";
}
