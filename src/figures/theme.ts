import type { Config } from "vega-lite";
import type { Measure, Start } from "../plan/types.ts";

/** Neutral colours of the figures on white. The report swaps them in dark mode, so nothing else may use other ones. */
export const ink = { text: "#1f2328", muted: "#59636e", grid: "#e4e8ec", paper: "#ffffff" } as const;

/** Colours that stay apart for colour-blind readers (Okabe and Ito, 2008); dense is drawn in ink. */
const okabeIto = {
  blue: "#0072b2",
  orange: "#e69f00",
  green: "#009e73",
  purple: "#cc79a7",
  vermillion: "#d55e00",
  sky: "#56b4e9",
} as const;

/** Darker than all of them, so that it is told apart by lightness too. */
const darkRed = "#882255";

interface Style {
  readonly color: string;
  /** Name of a Vega symbol: starts can be told apart without colour. */
  readonly shape: string;
}

const startStyles: Readonly<Record<Start, Style>> = {
  dense: { color: ink.text, shape: "stroke" },
  ticket: { color: okabeIto.blue, shape: "circle" },
  reinit: { color: okabeIto.orange, shape: "square" },
  "scratch-b": { color: okabeIto.sky, shape: "cross" },
  rewind: { color: okabeIto.purple, shape: "triangle-up" },
  "lr-rewind": { color: okabeIto.vermillion, shape: "triangle-right" },
  "fine-tune": { color: okabeIto.green, shape: "diamond" },
};

/** A second and third rewinding point, and length of learning-rate rewinding; further ones look like the third. */
const moreStyles: Readonly<Partial<Record<Start, readonly Style[]>>> = {
  rewind: [
    { color: okabeIto.vermillion, shape: "triangle-down" },
    { color: okabeIto.sky, shape: "triangle-left" },
  ],
  "lr-rewind": [
    { color: darkRed, shape: "triangle-left" },
    { color: ink.muted, shape: "triangle-down" },
  ],
};

const measureStyles: Readonly<Record<Measure, Style>> = {
  "pre-training": startStyles.dense,
  ticket: startStyles.ticket,
  reinit: startStyles.reinit,
  "fine-tune to initial": { color: okabeIto.vermillion, shape: "triangle-up" },
  "fine-tune to pre-trained": startStyles["fine-tune"],
};

/** For what has no colour of its own, such as the variants of a sweep; used again from the start when there are more. */
const variantStyles: readonly Style[] = [
  { color: okabeIto.sky, shape: "circle" },
  { color: okabeIto.vermillion, shape: "square" },
  { color: okabeIto.green, shape: "diamond" },
  { color: okabeIto.purple, shape: "triangle-up" },
  { color: okabeIto.blue, shape: "triangle-down" },
  { color: okabeIto.orange, shape: "cross" },
];

/** Colour and shape scales for a legend of names in this order. */
export interface Palette {
  readonly names: readonly string[];
  readonly colors: readonly string[];
  readonly shapes: readonly string[];
}

function paletteOf(entries: readonly (Style & { readonly name: string })[]): Palette {
  return {
    names: entries.map(({ name }) => name),
    colors: entries.map(({ color }) => color),
    shapes: entries.map(({ shape }) => shape),
  };
}

/** @param starts names as legends show them, in their order */
export function startPalette(starts: readonly { readonly start: Start; readonly name: string }[]): Palette {
  return paletteOf(
    starts.map(({ start, name }) => {
      const more = moreStyles[start] ?? [];
      const further = starts.filter((other) => other.start === start).findIndex((other) => other.name === name);
      const style = further > 0 ? more[Math.min(further, more.length) - 1] : undefined;
      return { name, ...(style ?? startStyles[start]) };
    }),
  );
}

export function measurePalette(measures: readonly Measure[]): Palette {
  return paletteOf(measures.map((name) => ({ name, ...measureStyles[name] })));
}

export function variantPalette(labels: readonly string[]): Palette {
  return paletteOf(
    labels.map((name, i) => ({ name, ...(variantStyles[i % variantStyles.length] ?? startStyles.dense) })),
  );
}

/** Look of all figures: a paper's, on white. */
export const config: Config = {
  background: ink.paper,
  font: "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif",
  padding: 8,
  view: { stroke: null },
  axis: {
    labelColor: ink.text,
    titleColor: ink.text,
    domainColor: ink.muted,
    tickColor: ink.muted,
    gridColor: ink.grid,
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: "normal",
    titlePadding: 10,
    tickSize: 4,
  },
  header: { labelColor: ink.text, labelFontSize: 14, labelFontWeight: 600, title: null, labelPadding: 8 },
  legend: {
    orient: "top",
    title: null,
    labelColor: ink.text,
    labelFontSize: 13,
    symbolSize: 80,
    symbolOpacity: 1,
    columnPadding: 18,
    padding: 0,
    offset: 10,
    // Long names are shown whole; the default would cut them.
    labelLimit: 400,
  },
};

/** `50 %` from a share in [0, 1], as a Vega expression. */
export const percentLabel = "format(100 * datum.value, '.3~g') + ' %'";

/** Width and height of one panel in pixels. */
export const panel = { width: 330, height: 250 } as const;

/** Panels beside each other; more are put into further rows. */
export const panelColumns = 2;
