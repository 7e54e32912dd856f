import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError } from "../core/errors.ts";
import { style } from "./style.ts";

export interface Asset {
  readonly type: string;
  readonly body: string;
}

export interface Assets {
  /** By path, `/` for the page itself. Nothing else is ever read from the disk for a request. */
  readonly files: ReadonlyMap<string, Asset>;
  /** Of the page's import map, for its Content-Security-Policy. */
  readonly scriptHash: string;
}

/** Where the page finds its two libraries: name in imports → place in the package. */
const libraries: Readonly<Record<string, readonly [string, string]>> = {
  preact: ["preact", "dist/preact.mjs"],
  "preact/hooks": ["preact", "hooks/dist/hooks.mjs"],
  "preact/jsx-runtime": ["preact", "jsx-runtime/dist/jsxRuntime.mjs"],
  uplot: ["uplot", "dist/uPlot.esm.js"],
};

/** Everything that the page consists of, read once: our compiled modules, preact, uPlot, the style sheet. */
export function pageAssets(): Assets {
  const files = new Map<string, Asset>();
  const folder = clientFolder();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".js")))
    files.set(`/assets/${name}`, script(readFileSync(join(folder, name), "utf8")));
  const imports: Record<string, string> = {};
  for (const [name, [library, file]] of Object.entries(libraries)) {
    const path = `/assets/lib/${name.replaceAll("/", "-")}.js`;
    imports[name] = path;
    files.set(path, script(readFileSync(join(packageFolder(library), file), "utf8")));
  }
  const plotStyle = readFileSync(join(packageFolder("uplot"), "dist/uPlot.min.css"), "utf8");
  files.set("/assets/style.css", { type: "text/css; charset=utf-8", body: `${plotStyle}\n${style}` });
  const map = JSON.stringify({ imports });
  files.set("/", { type: "text/html; charset=utf-8", body: page(map) });
  return { files, scriptHash: `sha256-${createHash("sha256").update(map).digest("base64")}` };
}

function script(text: string): Asset {
  // The maps lie beside the files on the disk only.
  return { type: "text/javascript; charset=utf-8", body: text.replace(/\n?\/\/# sourceMappingURL=\S*\s*$/, "\n") };
}

function page(importMap: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>sweepstake</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/style.css">
<script type="importmap">${importMap}</script>
<script type="module" src="/assets/main.js"></script>
</head>
<body>
<noscript>This page needs JavaScript, all of it from this address.</noscript>
<div id="app"></div>
</body>
</html>
`;
}

function packageFolder(name: string): string {
  return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}

/** The compiled client: beside this file when this is compiled too, otherwise (tests) in the build folder. */
function clientFolder(): string {
  for (const relative of ["./client", "../../dist/serve/client"]) {
    const folder = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(join(folder, "main.js"))) return folder;
  }
  throw new InternalError("serve/client/main.js is missing: run `npm run build`");
}
