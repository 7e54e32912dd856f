import type { Figure } from "../figures/figure.ts";
import { svgSize } from "../figures/pdf.ts";
import { escapeHtml, html, type Markup, math, raw } from "./html.ts";

/** A figure with its drawing. */
export interface DrawnFigure {
  readonly figure: Figure;
  readonly svg: string;
}

/** Figures with captions, each as part of the page. */
export function figureSection(drawn: readonly DrawnFigure[]): Markup {
  if (drawn.length === 0)
    return html`<section><h2>Figures</h2><p>No training is done yet, so there is nothing to draw.</p></section>`;
  return html`<section>
<h2>Figures</h2>
<p class="note">Point at a seed’s mark to see what it is; a click leads to its run in the table of runs below.</p>
${drawn.map(figureMarkup)}</section>`;
}

/** One figure with its caption and the links to its files. */
export function figureMarkup({ figure, svg }: DrawnFigure): Markup {
  const { name, title, caption, width } = figure;
  const file = `figures/${name}`;
  return html`<figure id="${name}">
<h3>${math(title)}</h3>
<div class="plot ${width}" tabindex="0" role="group" aria-label="${title}">${raw(inlineSvg(svg, name, `${title}. ${caption}`))}</div>
<figcaption>${math(caption)}
<span class="files">What is drawn, each seed with the key of its run: <a href="${file}.csv">${file}.csv</a>. Also as
<a href="${file}.svg">SVG</a>, <a href="${file}.pdf">PDF</a>, <a href="${file}.png">PNG</a> and <a href="${file}.vl.json">Vega-Lite</a>.</span></figcaption>
</figure>
`;
}

/**
 * A drawing as part of the page: an image with an alternative text, whose links lead to the page's own rows and whose linked marks
 * say on pointing what they are. Vega's own description of every mark would make a listener sit through hundreds of them. Ids are
 * unique within a drawing only, so they get the figure's name.
 */
export function inlineSvg(svg: string, name: string, alternative: string): string {
  const { width } = svgSize(svg);
  return svg
    .replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`)
    .replaceAll(
      /<a xlink:href="\.\.\/report\.html(#[\w-]+)">(<(\w+)) aria-label="([^"]*)"([^>]*)\/><\/a>/g,
      '<a href="$1" tabindex="-1">$2$5><title>$4</title></$3></a>',
    )
    .replaceAll(/ (?:aria-\w+|role)="[^"]*"/g, "")
    .replace("<svg ", `<svg role="img" aria-label="${escapeHtml(alternative)}" style="--width: ${width}px" `);
}
