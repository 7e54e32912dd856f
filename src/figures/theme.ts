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

/** What is told apart by colour is told apart by shape and by dashes too. */
export interface Style {
  readonly color: string;
  /** Name of a Vega symbol. The diamond is not among them: it marks what the paper states. */
  readonly shape: string;
  /** Of lines: drawn and left out, in pixels. */
  readonly dash: readonly number[];
}

const solid = [1, 0];

const startStyles: Readonly<Record<Start, Style>> = {
  dense: { color: ink.text, shape: "stroke", dash: solid },
  ticket: { color: okabeIto.blue, shape: "circle", dash: [7, 2] },
  reinit: { color: okabeIto.orange, shape: "square", dash: [4, 3] },
  "scratch-b": { color: okabeIto.sky, shape: "triangle-down", dash: [2, 4] },
  rewind: { color: okabeIto.purple, shape: "cross", dash: [1.5, 2] },
  "lr-rewind": { color: okabeIto.vermillion, shape: "triangle-right", dash: [11, 3] },
  "fine-tune": { color: okabeIto.green, shape: "triangle-up", dash: [8, 2, 1.5, 2] },
};

/** A second and third rewinding point, and length of learning-rate rewinding; further ones look like the third. */
const moreStyles: Readonly<Partial<Record<Start, readonly Style[]>>> = {
  rewind: [
    { color: okabeIto.vermillion, shape: "wedge", dash: [5, 2, 1.5, 2, 1.5, 2] },
    { color: okabeIto.sky, shape: "triangle-left", dash: [3, 1.5] },
  ],
  "lr-rewind": [
    { color: darkRed, shape: "triangle-left", dash: [11, 2, 3, 2] },
    { color: ink.muted, shape: "wedge", dash: [6, 6] },
  ],
};

const measureStyles: Readonly<Record<Measure, Style>> = {
  "pre-training": startStyles.dense,
  ticket: startStyles.ticket,
  reinit: startStyles.reinit,
  "fine-tune to initial": { color: okabeIto.vermillion, shape: "triangle-down", dash: solid },
  "fine-tune to pre-trained": startStyles["fine-tune"],
};

/** For what has no colour of its own, such as the variants of a sweep; used again from the start when there are more. */
const variantStyles: readonly Style[] = [
  { color: okabeIto.sky, shape: "circle", dash: solid },
  { color: okabeIto.vermillion, shape: "square", dash: [7, 2] },
  { color: okabeIto.green, shape: "triangle-up", dash: [4, 3] },
  { color: okabeIto.purple, shape: "cross", dash: [1.5, 2] },
  { color: okabeIto.blue, shape: "triangle-down", dash: [8, 2, 1.5, 2] },
  { color: okabeIto.orange, shape: "triangle-left", dash: [3, 1.5] },
];

/** The paper's three pruning algorithms, in one plot; more settings go through the variants' styles. */
const pruningStyles: readonly Style[] = [
  { color: okabeIto.blue, shape: "circle", dash: solid },
  { color: okabeIto.orange, shape: "square", dash: solid },
  { color: okabeIto.vermillion, shape: "triangle-up", dash: solid },
  { color: okabeIto.green, shape: "cross", dash: solid },
  { color: okabeIto.purple, shape: "triangle-down", dash: solid },
  { color: okabeIto.sky, shape: "triangle-left", dash: solid },
];

/** Scales for a legend of names in this order. */
export interface Palette {
  readonly names: readonly string[];
  readonly colors: readonly string[];
  readonly shapes: readonly string[];
  readonly dashes: readonly (readonly number[])[];
}

function paletteOf(entries: readonly (Style & { readonly name: string })[]): Palette {
  return {
    names: entries.map(({ name }) => name),
    colors: entries.map(({ color }) => color),
    shapes: entries.map(({ shape }) => shape),
    dashes: entries.map(({ dash }) => dash),
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
  return cycled(labels, variantStyles);
}

export function pruningPalette(prunings: readonly string[]): Palette {
  return cycled(prunings, pruningStyles);
}

function cycled(names: readonly string[], styles: readonly Style[]): Palette {
  return paletteOf(names.map((name, i) => ({ name, ...(styles[i % styles.length] ?? startStyles.dense) })));
}

/** A colour channel of names. */
export function colorOf(field: string, { names, colors }: Palette) {
  return { field, type: "nominal" as const, scale: { domain: [...names], range: [...colors] } };
}

/** A shape channel of names, which shares the colour's legend. */
export function shapeOf(field: string, { names, shapes }: Palette) {
  return { field, type: "nominal" as const, scale: { domain: [...names], range: [...shapes] } };
}

/** A dash channel of names. */
export function dashOf(field: string, { names, dashes }: Palette) {
  return { field, type: "nominal" as const, scale: { domain: [...names], range: dashes.map((dash) => [...dash]) } };
}

/** Legends below each other. Vega-Lite hands this to Vega, but its types do not know it. */
const stackedLegends: object = { layout: { top: { direction: "vertical", anchor: "start", margin: 6 } } };

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
    ...stackedLegends,
    // Long names are shown whole; the default would cut them.
    labelLimit: 400,
  },
};

/** `50 %` from a share in [0, 1], as a Vega expression. */
export const percentLabel = "format(100 * datum.value, '.3~g') + ' %'";

/**
 * Width and height of one panel in pixels. With its axis a panel is at most 413 wide, so that texts of 12 pixels are 7 points high
 * when it is printed in a column of 85 mm.
 */
export const panel = { width: 306, height: 236 } as const;

/** Panels beside each other; more are put into further rows. */
export const panelColumns = 2;
