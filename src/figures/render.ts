import { Resvg } from "@resvg/resvg-js";
import type { View } from "vega";
import type { TopLevelSpec } from "vega-lite";

/** What vega exports beside its declared types. */
interface VegaInternals {
  readonly resetSVGDefIds: () => void;
  readonly textMetrics: { width: (item: { readonly fontSize?: number }, text: string | null | undefined) => number };
}

/**
 * Draws a figure as SVG. The same spec gives the same bytes on every machine: widths of texts are estimated instead of
 * measured with the fonts at hand, and ids are counted anew.
 */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  // Loading these takes half a second, which only those who draw shall pay.
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const internals = vega as unknown as VegaInternals;
  internals.textMetrics.width = (item, text) => textWidth(text ?? "", item.fontSize ?? 11);
  internals.resetSVGDefIds();
  const view: View = new vega.View(vega.parse(compile(spec).spec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    // Dashes without gaps are solid lines; writers of PDF refuse them.
    return `${svg.replaceAll(' stroke-dasharray="1,0"', "")}\n`;
  } finally {
    view.finalize();
  }
}

/** DejaVu Sans is about this wide on average, other common fonts are narrower, in units of the font size. */
export function textWidth(text: string, fontSize: number): number {
  return 0.6 * fontSize * text.length;
}

/**
 * PNG of an SVG.
 * @param scale pixels per unit of the SVG; 2 for screens, 3 for print
 */
export function renderPng(svg: string, scale: number): Buffer {
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    // In Debian's package fonts-dejavu-core; without any font texts would be left out.
    font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  return image.render().asPng();
}
