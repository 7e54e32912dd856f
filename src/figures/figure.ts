import type { TopLevelSpec } from "vega-lite";
import type { CsvRow } from "../analysis/csv.ts";
import { listText } from "../analysis/format.ts";

/** A figure before it is drawn. */
export interface Figure {
  /** File name without extension, unique within a report. */
  readonly name: string;
  /** What is shown, in a few words. */
  readonly title: string;
  /** How to read it, n, and what is left out. */
  readonly caption: string;
  /** How wide it is printed. */
  readonly width: PrintWidth;
  /** What is drawn, one row per mark, for people: percent for accuracies, shares for R_p and sparsity. */
  readonly table: readonly CsvRow[];
  /** Vega-Lite 6, complete with its data. */
  readonly spec: TopLevelSpec;
}

/** One panel fits a journal's column, two beside each other its page. */
export type PrintWidth = "column" | "page";

/** In millimetres, as most journals have them. */
export const printWidths: Readonly<Record<PrintWidth, number>> = { column: 85, page: 174 };

/** Of a figure with one panel per variant. */
export function printWidth(panels: number): PrintWidth {
  return panels < 2 ? "column" : "page";
}

/** A pruning setting's name as part of a file name: `one-shot (snip)` → `one-shot-snip`. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** Sentences joined to a caption; undefined ones are left out. */
export function captionOf(...sentences: readonly (string | undefined)[]): string {
  return sentences.filter((sentence) => sentence !== undefined).join(" ");
}

/**
 * Axis for accuracies in percent, which need not start at 0: from the lowest to the highest with some room. Values further
 * below the highest than four times the median's distance (and 5 points) would press all others into a line, so they fall below it.
 */
export function focusedDomain(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, median = 0, high = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const bottom = Math.max(low, high - Math.max(4 * (high - median), 5));
  const room = Math.max((high - bottom) * 0.06, 0.1);
  return [Math.max(0, bottom - room), Math.min(100, high + room)];
}

/**
 * The axis drawn out to marks that are near: by half its length or one point, whichever is more. Those further away would press
 * everything else together, so they stay outside.
 */
export function reaching([low, high]: readonly [number, number], marks: readonly number[]): [number, number] {
  const reach = Math.max(0.5 * (high - low), 1);
  const near = marks.filter((mark) => mark >= low - reach && mark <= high + reach);
  const room = 0.06 * (high - low);
  return [
    Math.max(0, Math.min(low, ...near.map((mark) => mark - room))),
    Math.min(100, Math.max(high, ...near.map((mark) => mark + room))),
  ];
}

/** What must be said of an axis that does not show everything from 0 on. */
export function axisNote([low]: readonly [number, number], hidden: readonly string[]): string | undefined {
  const below = hidden.length === 0 ? undefined : `Below the axis: ${listText(hidden)}.`;
  const sentence = captionOf(low > 0 ? "The vertical axis does not start at 0." : undefined, below);
  return sentence === "" ? undefined : sentence;
}

interface PlotPoint {
  readonly x: number;
  readonly y: number;
}

/**
 * The parts of a line from `bottom` up, cut where it crosses. Done here rather than by clipping in the drawing, because the
 * PNG renderer aborts the process on a mark that lies outside the picture.
 */
export function partsAbove(line: readonly PlotPoint[], bottom: number): readonly (readonly PlotPoint[])[] {
  const parts: PlotPoint[][] = [[]];
  for (const [i, point] of line.entries()) {
    const last = line[i - 1];
    if (last !== undefined && last.y < bottom !== point.y < bottom) {
      const crossing = { x: last.x + ((bottom - last.y) / (point.y - last.y)) * (point.x - last.x), y: bottom };
      if (point.y < bottom) parts.at(-1)?.push(crossing);
      else parts.push([crossing]);
    }
    if (point.y >= bottom) parts.at(-1)?.push(point);
  }
  return parts.filter((part) => part.length > 0);
}
