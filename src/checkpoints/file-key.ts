import { existsSync } from "node:fs";

/** A file and, behind a `#`, which dictionary of it is meant: `run.pt#state_dict`. A file that has the `#` in its name is that file. */
export function splitKey(text: string): { readonly file: string; readonly key?: string } {
  const at = text.lastIndexOf("#");
  if (at <= 0 || existsSync(text)) return { file: text };
  return { file: text.slice(0, at), key: text.slice(at + 1) };
}
