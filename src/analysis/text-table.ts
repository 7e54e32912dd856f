import { visible } from "../core/visible.ts";

/** A table as strings; the first `heads` columns name the row and are left-aligned, the others are right-aligned. */
export interface TextTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly heads: number;
}

const GAP = "  ";

/**
 * The table in aligned columns. One that is wider than `width` is continued below itself, with the row heads repeated.
 * @param width in characters; a single column beyond it is not broken
 */
export function renderTable({ title, columns: names, rows: cells, heads }: TextTable, width: number): string {
  // Names of layers and labels are other people's.
  const [columns, rows] = [names.map(visible), cells.map((row) => row.map(visible))];
  const widths = columns.map((column, i) => Math.max(...[column, ...rows.map((row) => row[i] ?? "")].map(lengthOf)));
  const blocks = splitColumns(widths, heads, width).map((indices) => {
    const line = (cells: readonly string[]) =>
      indices
        .map((i) => (i < heads ? padEnd(cells[i] ?? "", widths[i] ?? 0) : padStart(cells[i] ?? "", widths[i] ?? 0)))
        .join(GAP)
        .trimEnd();
    const rule = indices.map((i) => "─".repeat(widths[i] ?? 0)).join(GAP);
    return [line(columns), rule, ...rows.map(line)].join("\n");
  });
  return `${visible(title)}\n\n${blocks.join("\n\n")}\n`;
}

/** Column indices of every block: the heads, then as many others as fit, at least one. */
function splitColumns(widths: readonly number[], heads: number, width: number): readonly (readonly number[])[] {
  const headIndices = widths.slice(0, heads).map((_, i) => i);
  const headWidth = headIndices.reduce((sum, i) => sum + (widths[i] ?? 0) + GAP.length, 0);
  const blocks: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (let i = heads; i < widths.length; i++) {
    const needed = (widths[i] ?? 0) + GAP.length;
    if (used + needed - GAP.length > width) {
      blocks.push([...headIndices]);
      used = headWidth;
    }
    blocks.at(-1)?.push(i);
    used += needed;
  }
  return blocks.length === 0 ? [headIndices] : blocks;
}

/** Characters on the screen; all that we print are one column wide once combined. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - lengthOf(text)));
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - lengthOf(text))) + text;
}
