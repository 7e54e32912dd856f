import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where Linux distributions and people put DejaVu Sans; in Debian's package fonts-dejavu-core it is the first. */
const fontFolders = [
  "/usr/share/fonts/truetype/dejavu",
  "/usr/share/fonts/dejavu-sans-fonts",
  "/usr/share/fonts/dejavu",
  "/usr/share/fonts/TTF",
  "/usr/local/share/fonts",
  "/Library/Fonts",
];

const POINTS_PER_MM = 72 / 25.4;

/**
 * PDF of an SVG of ours: one page of the drawing's shape, all vectors and text, the font embedded. The same drawing gives the same
 * bytes: neither time nor chance is in them.
 * @param title   in the file's properties
 * @param widthMm width of the page; everything is scaled to it
 */
export async function renderPdf(svg: string, title: string, widthMm: number): Promise<Buffer> {
  const [{ default: PdfDocument }, { default: svgToPdf }] = await Promise.all([
    import("pdfkit"),
    import("svg-to-pdfkit"),
  ]);
  const { width, height } = svgSize(svg);
  const size: [number, number] = [widthMm * POINTS_PER_MM, widthMm * POINTS_PER_MM * (height / width)];
  const document = new PdfDocument({
    size,
    margin: 0,
    info: { Title: title, Creator: "sweepstake", Producer: "sweepstake", CreationDate: new Date(0) },
  });
  // pdfkit needs a date for the file's id, and writes what can be enumerated.
  Object.defineProperty(document.info, "CreationDate", { enumerable: false });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve, reject) => {
    document.on("data", (chunk: Buffer) => chunks.push(chunk));
    document.on("end", () => resolve(Buffer.concat(chunks)));
    document.on("error", reject);
  });
  const [regular, bold] = fontFiles();
  const text = regular === undefined ? forHelvetica(withoutLinks(svg)) : withoutLinks(svg);
  if (regular !== undefined) document.registerFont("regular", regular);
  if (bold !== undefined) document.registerFont("bold", bold);
  document.scale(size[0] / width);
  svgToPdf(document, text, 0, 0, {
    assumePt: true,
    fontCallback: (_, isBold) => {
      if (isBold) return bold === undefined ? "Helvetica-Bold" : "bold";
      return regular === undefined ? "Helvetica" : "regular";
    },
  });
  document.end();
  return done;
}

/** Width and height of a drawing in its own units. */
export function svgSize(svg: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** Regular and bold; both or none, since PDF's own Helvetica has no Greek letters. */
function fontFiles(): readonly [string, string] | readonly [] {
  for (const folder of fontFolders) {
    const files = [join(folder, "DejaVuSans.ttf"), join(folder, "DejaVuSans-Bold.ttf")] as const;
    if (files.every((file) => existsSync(file))) return files;
  }
  return [];
}

/** PDF's own fonts know Latin letters only. */
function forHelvetica(svg: string): string {
  return svg.replaceAll("−", "–").replaceAll("θ", "theta ").replaceAll("⊙", "*");
}

/** Links lead to the report's page, which is not where the PDF will be. */
function withoutLinks(svg: string): string {
  return svg.replaceAll(/<\/?a\b[^>]*>/g, "");
}
