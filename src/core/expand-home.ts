import { homedir } from "node:os";
import { join } from "node:path";

/** `~` and `~/…` as a shell expands them; none has where a path comes from a spec or from `--set`. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
