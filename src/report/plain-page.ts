import { VERSION } from "../core/version.ts";
import { html, type Markup, raw } from "./html.ts";
import { style } from "./style.ts";

/** Nothing may be loaded, not even by a mistake of ours: the page is complete in itself. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * The frame of every page: one HTML document without scripts or outside resources.
 * @param facts  below the title, within the header
 * @param beside files that lie beside it
 */
export function plainPage(title: string, facts: Markup, content: Markup, beside: string | Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="sweepstake ${VERSION}">
<title>${title} – sweepstake</title>
<style>${raw(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${facts}
</header>
<main>
${content}
</main>
<footer><p class="note">Written by sweepstake ${VERSION}. Beside this page: ${beside}.</p></footer>
</body>
</html>
`.text;
}
