import type { AccuracyPlot, AccuracyRow } from "./accuracy-rows.ts";
import { ink, percentLabel } from "./theme.ts";

const only = (kind: AccuracyRow["kind"]) => [{ filter: `datum.kind === '${kind}'` }];

/** Both axes. Neither starts at 0. */
export function accuracyAxes({ domain, sparsities, accuracies }: AccuracyPlot) {
  return {
    x: {
      field: "x",
      type: "quantitative" as const,
      scale: { domain, nice: false, zero: false },
      axis: {
        title: "sparsity",
        values: [...sparsities],
        labelExpr: percentLabel,
        grid: false,
        labelOverlap: "greedy" as const,
        labelSeparation: 8,
      },
    },
    y: {
      field: "accuracy",
      type: "quantitative" as const,
      scale: { domain: accuracies, nice: false, zero: false },
      axis: { title: "test accuracy", labelExpr: "datum.label + ' %'", tickCount: 6 },
    },
  };
}

type Axes = ReturnType<typeof accuracyAxes>;

/** The dense network: a line at its mean, a band over its range, a tick at the left for every seed. */
export function denseLayers({ x, y }: Axes) {
  return [
    {
      transform: only("dense"),
      mark: { type: "rect" as const, color: ink.muted, opacity: 0.16 },
      encoding: { y: { field: "low", type: "quantitative" as const }, y2: { field: "high" } },
    },
    {
      transform: only("dense"),
      mark: { type: "rule" as const, color: ink.text, strokeWidth: 1.5 },
      encoding: { y },
    },
    {
      transform: only("dense seed"),
      mark: {
        type: "tick" as const,
        orient: "horizontal" as const,
        color: ink.text,
        thickness: 1.2,
        size: 9,
        xOffset: 5,
      },
      encoding: { x, y, href: { field: "href" }, description: { field: "label" } },
    },
  ];
}

/** What the paper states: an open diamond in the colour of its line, or for dense a short dashed line at the right, with the word beside it. */
export function paperLayers<C extends object>({ x, y }: Axes, [low, high]: [number, number], color: C) {
  const word = { type: "text" as const, text: "paper", fontSize: 12, fontStyle: "italic" as const, color: ink.text };
  return [
    {
      transform: only("paper dense"),
      mark: { type: "rule" as const, color: ink.text, strokeWidth: 2, strokeDash: [3, 2] },
      encoding: {
        x: { datum: high - 0.16 * (high - low), type: "quantitative" as const },
        x2: { datum: high },
        y,
      },
    },
    {
      transform: only("paper dense"),
      mark: { ...word, align: "right" as const, baseline: "bottom" as const, dy: -2 },
      encoding: { x: { datum: high, type: "quantitative" as const }, y },
    },
    {
      transform: only("paper"),
      mark: {
        type: "point" as const,
        shape: "diamond",
        filled: false,
        fill: ink.paper,
        size: 110,
        strokeWidth: 1.8,
        opacity: 1,
      },
      encoding: { x, y, color },
    },
    {
      transform: only("paper"),
      mark: { ...word, align: "left" as const, baseline: "middle" as const, dx: 8 },
      encoding: { x, y },
    },
  ];
}

/** Said of the paper's marks: how they look, and which ones the axes do not reach. */
export function paperNote({ rows, outside }: Pick<AccuracyPlot, "rows" | "outside">): string | undefined {
  const sentences = [
    rows.some(({ kind }) => kind === "paper") ? "Open diamonds: the paper’s numbers." : undefined,
    rows.some(({ kind }) => kind === "paper dense")
      ? "Short dashes at the right: the paper’s dense network."
      : undefined,
    outside.length === 0 ? undefined : `The paper’s numbers outside the axes: ${outside.join("; ")}.`,
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(" ");
}
