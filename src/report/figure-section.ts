import type { Figure } from "../figures/figure.ts";
import { html, type Markup, math, raw } from "./html.ts";

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
${drawn.map(figureMarkup)}</section>`;
}

function figureMarkup({ figure, svg }: DrawnFigure): Markup {
  const { name, title, caption } = figure;
  const file = `figures/${name}`;
  return html`<figure id="${name}">
<h3>${math(title)}</h3>
<div class="plot">${raw(inlineSvg(svg, name))}</div>
<figcaption>${math(caption)}
<span class="files">Files: <a href="${file}.csv">CSV</a> of what is drawn, <a href="${file}.svg">SVG</a>, <a href="${file}.pdf">PDF</a>, <a href="${file}.png">PNG</a>, <a href="${file}.vl.json">Vega-Lite</a>.</span></figcaption>
</figure>
`;
}

/** Ids are unique within a drawing only, so inside a page they get the figure's name. */
export function inlineSvg(svg: string, name: string): string {
  return svg.replaceAll(/\bid="([^"]+)"/g, `id="${name}-$1"`).replaceAll(/url\(#([^)]+)\)/g, `url(#${name}-$1)`);
}
