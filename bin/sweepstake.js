#!/usr/bin/env node
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (existsSync(main)) {
  await (await import(main.href)).main(process.argv.slice(2));
} else {
  console.error(
    "sweepstake is not built yet.\n  hint: run `npm run setup` in the project's folder, then the same command again",
  );
  process.exitCode = 1;
}
