import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The project's folder, from the sources as from what is compiled of them. */
export function projectFolder(from: string = import.meta.dirname): string {
  if (existsSync(join(from, "package.json"))) return from;
  if (dirname(from) === from) throw new Error("no package.json above this file");
  return projectFolder(dirname(from));
}
