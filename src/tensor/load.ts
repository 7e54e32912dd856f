import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunError } from "../core/errors.ts";
import type { Native } from "./native.ts";

let loaded: Native | undefined;
/** Stands before the addon while `observe` runs. */
let observed: Native | undefined;

/**
 * The addon, loaded at the first call and not before, so that `--help` and planning need no libtorch.
 * @throws RunError that says what was tried and which command builds the addon
 */
export function native(): Native {
  loaded ??= load(addonPath());
  return observed ?? loaded;
}

/** One call of the addon: the function's name, its arguments and its result. */
export type Listener = (name: string, args: readonly unknown[], result: unknown) => void;

/** Runs `action` and tells the listener of every call of the addon in it, after the call. */
export function observe<T>(listener: Listener, action: () => T): T {
  const addon = native();
  const before = observed;
  observed = new Proxy(addon, {
    get(_, name): unknown {
      const called: unknown = Reflect.get(addon, name);
      if (typeof called !== "function" || typeof name !== "string") return called;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(called, addon, args);
        listener(name, args, result);
        return result;
      };
    },
  });
  try {
    return action();
  } finally {
    observed = before;
  }
}

/**
 * Where the addon is looked for: the environment variable SWEEPSTAKE_ADDON, else `native/build/sweepstake.node` of this package.
 * This file runs as src/tensor/load.ts and as dist/tensor/load.js, both two folders below the package's root.
 */
export function addonPath(): string {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
  return process.env.SWEEPSTAKE_ADDON ?? join(root, "native", "build", "sweepstake.node");
}

/** Loads the addon from `path` and makes its failures RunErrors. */
export function load(path: string): Native {
  if (!existsSync(path)) {
    throw new RunError(
      `the native engine is not built: ${path} does not exist`,
      "build it with `npm run setup` (needs g++, make and libtorch, on Debian: apt-get install g++ make libtorch-dev)",
    );
  }
  let addon: Native;
  try {
    addon = createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new RunError(
      `the native engine cannot be loaded from ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "if libtorch was moved, removed or upgraded since the build, run `make -C native clean` and then `npm run setup`",
      { cause },
    );
  }
  addon.onError((message) => new RunError(message));
  return addon;
}
