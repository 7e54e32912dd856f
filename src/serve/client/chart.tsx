import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { ChartData } from "./curves-model.ts";

/** Dashes beside the colours, so that lines are told apart without them. */
const dashes: readonly number[][] = [
  [],
  [7, 3],
  [3, 3],
  [1.5, 3],
  [9, 3, 2, 3],
  [12, 4],
  [5, 2, 1.5, 2, 1.5, 2],
  [2, 6],
];
const HEIGHT = 260;

interface ChartProps {
  readonly data: ChartData;
  readonly label: string;
  readonly decimals: number;
  readonly isDark: boolean;
}

/** Lines with bands by epoch, with the values under the pointer. */
export function Chart({ data, label, decimals, isDark }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [under, setUnder] = useState<number | null>(null);
  const shape = JSON.stringify([data.lines.map(({ id, band }) => [id, band !== undefined]), isDark, label]);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = new uPlot(optionsOf(data, element.clientWidth, label, setUnder), columnsOf(data), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Made anew only when there are other lines or colours; new values of the same lines are set below.
  }, [shape]);
  useEffect(() => plot.current?.setData(columnsOf(data)), [data]);
  const at = under ?? data.epochs.length - 1;
  const epoch = data.epochs[at];
  return (
    <figure class="chart">
      <div
        ref={place}
        role="img"
        aria-label={`${label} by epoch, ${data.lines.length} lines; the values are listed below`}
      />
      <figcaption>
        {epoch !== undefined && <span class="at">{under === null ? `last, epoch ${epoch}` : `epoch ${epoch}`}</span>}
        {data.lines.map((line, i) => {
          const value = valueAt(line.mean, under, at);
          return (
            <span class="key" key={line.id}>
              <svg width="26" height="10" aria-hidden="true">
                <line
                  x1="0"
                  y1="5"
                  x2="26"
                  y2="5"
                  class={`line-${i}`}
                  stroke-width="2.5"
                  stroke-dasharray={dashes[i]?.join(" ")}
                />
              </svg>
              {line.title}
              {line.runs.length > 1 && ` (${line.n} of ${line.runs.length} runs)`}{" "}
              <b>{value === null ? "–" : value.toFixed(decimals)}</b>
            </span>
          );
        })}
      </figcaption>
    </figure>
  );
}

/** Under the pointer what is there; otherwise the last value of each line. */
function valueAt(values: readonly (number | null)[], under: number | null, at: number): number | null {
  if (under !== null) return values[at] ?? null;
  return values.findLast((value) => value !== null) ?? null;
}

/** Epochs, then for every line its mean and, where it has a band, the lowest and the highest. */
function columnsOf({ epochs, lines }: ChartData): uPlot.AlignedData {
  const columns = lines.flatMap(({ mean, band }) => (band === undefined ? [mean] : [mean, ...band]));
  return [[...epochs], ...columns.map((column) => [...column])] as uPlot.AlignedData;
}

function optionsOf(
  { lines }: ChartData,
  width: number,
  label: string,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const [i, { band }] of lines.entries()) {
    const stroke = color(`--line-${i}`);
    series.push({
      stroke,
      width: 2,
      dash: dashes[i] ?? [],
      points: { show: (self, n) => isAlone(self.data[n]) },
      spanGaps: true,
    });
    if (band === undefined) continue;
    const at = series.length;
    const edge: uPlot.Series = { stroke: "transparent", points: { show: false }, spanGaps: true };
    series.push(edge, edge);
    bands.push({ series: [at + 1, at], fill: `${stroke}2e` });
  }
  const axis: uPlot.Axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--grid"), width: 1 },
    ticks: { stroke: color("--grid"), width: 1 },
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false } },
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    series,
    bands,
    axes: [
      { ...axis, label: "epoch", labelSize: 18, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
      { ...axis, label, labelSize: 18, size: 52 },
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
}

/** One epoch alone is no line: it is drawn as a point. */
function isAlone(values: ArrayLike<number | null | undefined> | undefined): boolean {
  return Array.from(values ?? []).filter((value) => typeof value === "number").length === 1;
}
