import type { ComponentChildren, JSX } from "preact";
import { differenceText, durationText, numberText, timeText } from "./format.ts";
import {
  differing,
  fieldValue,
  type Group,
  ownFields,
  type Run,
  runTitle,
  shortName,
  spreadText,
  textOf,
} from "./runs-model.ts";

export interface Column {
  /** A field to sort by, or `run`. */
  readonly field: string;
  readonly head: string;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
  /** Left out on narrow screens. */
  readonly isExtra: boolean;
  /** In `ch`. */
  readonly width: number;
  readonly cell: (run: Run) => ComponentChildren;
  readonly groupCell?: (group: Group) => ComponentChildren;
}

/** What the table shows of these runs: what tells them apart, and how far they are. */
export function columnsOf(runs: readonly Run[], allFields: boolean, baseline: Run | undefined): readonly Column[] {
  const paths = allFields ? [...new Set(runs.flatMap(({ fields }) => Object.keys(fields)))] : differing(runs);
  const settings = paths.map((path): Column => {
    const isDifferent = (run: Run) => baseline !== undefined && fieldValue(run, path) !== fieldValue(baseline, path);
    return {
      field: path,
      head: shortName(path, paths),
      isNumber: runs.some((run) => typeof run.fields[path] === "number"),
      isExtra: true,
      width: 11,
      cell: (run) => (isDifferent(run) ? <mark>{textOf(fieldValue(run, path))}</mark> : textOf(fieldValue(run, path))),
      groupCell: (group) => sharedText(group, path),
    };
  });
  const hasSeveral = new Set(runs.map(({ experiment }) => experiment)).size > 1;
  const experiment = plain("experiment", 14, { isNumber: false });
  return [
    {
      field: "state",
      head: "state",
      isNumber: false,
      isExtra: false,
      width: 12,
      cell: stateCell,
      groupCell: statesCell,
    },
    { field: "run", head: "run", isNumber: false, isExtra: false, width: 27, cell: runTitle },
    {
      field: "epoch",
      head: "epoch",
      isNumber: true,
      isExtra: false,
      width: 14,
      cell: epochCell,
      groupCell: epochsCell,
    },
    {
      ...plain("accuracy", 18, { isExtra: false }),
      cell: (run) => numberText(run.accuracy, 2),
      groupCell: ({ accuracy, runs: { length } }) => (accuracy === undefined ? "–" : spreadText(accuracy, length)),
    },
    ...(baseline === undefined ? [] : [differenceColumn(baseline)]),
    { ...plain("left", 12), cell: (run) => durationText(run.secondsLeft) },
    ...(hasSeveral ? [experiment] : []),
    ...settings,
    {
      ...plain("seed", 6),
      groupCell: ({ runs: { length } }) => `${length} ${length === 1 ? "run" : "runs"}`,
      width: 8,
    },
    { ...plain("testLoss", 11), cell: (run) => numberText(run.testLoss, 3) },
    { ...plain("rate", 10), cell: (run) => numberText(run.imagesPerSecond, 0) },
    { ...plain("time", 12), cell: (run) => durationText(run.seconds) },
    { ...plain("host", 16, { isNumber: false }), cell: (run) => textOf(run.host) },
    { ...plain("finished", 14, { isNumber: false }), cell: (run) => timeText(run.finishedAt) },
  ];
}

function plain(field: string, width: number, { isNumber = true, isExtra = true } = {}): Column {
  const head = ownFields[field] ?? field;
  return {
    field,
    head,
    isNumber,
    isExtra,
    width,
    cell: (run) => textOf(fieldValue(run, field)),
    groupCell: (group) => sharedText(group, field),
  };
}

function differenceColumn(baseline: Run): Column {
  const difference = (accuracy: number | null | undefined) =>
    accuracy === null || accuracy === undefined || baseline.accuracy === null
      ? "–"
      : differenceText(accuracy - baseline.accuracy);
  return {
    field: "accuracy",
    head: "to baseline",
    isNumber: true,
    isExtra: false,
    width: 12,
    cell: (run) => (run.id === baseline.id ? "baseline" : difference(run.accuracy)),
    groupCell: ({ accuracy }) => difference(accuracy?.mean),
  };
}

/** The value that all runs of a group have. */
function sharedText({ runs }: Group, field: string): string {
  const [value, ...others] = [...new Set(runs.map((run) => fieldValue(run, field)))];
  if (others.length > 0 || value === undefined || value === null) return "";
  return field === "left" || field === "time" || field === "finished" ? "" : textOf(value);
}

function stateCell({ state }: Run): JSX.Element {
  return (
    <span class="state">
      <span class={`dot ${state}`} aria-hidden="true" />
      <span class="word">{state}</span>
    </span>
  );
}

/** The state of all, or how many are done. */
function statesCell({ runs }: Group): JSX.Element {
  const states = new Set(runs.map(({ state }) => state));
  const [state, ...others] = [...states];
  const done = runs.filter((run) => run.state === "done").length;
  const shown = states.has("running") ? "running" : states.has("failed") ? "failed" : (state ?? "waiting");
  return (
    <span class="state">
      <span class={`dot ${others.length === 0 ? (state ?? "waiting") : shown}`} aria-hidden="true" />
      <span class="word">{others.length === 0 ? state : `${done}/${runs.length} done`}</span>
    </span>
  );
}

function epochCell({ epoch, epochs, state }: Run): JSX.Element {
  return <Epochs epoch={epoch} epochs={epochs} isRunning={state === "running"} />;
}

function epochsCell({ runs }: Group): JSX.Element {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const isRunning = runs.some(({ state }) => state === "running");
  return (
    <Epochs
      epoch={mean(runs.map(({ epoch }) => epoch))}
      epochs={mean(runs.map(({ epochs }) => epochs))}
      isRunning={isRunning}
    />
  );
}

function Epochs({
  epoch,
  epochs,
  isRunning,
}: {
  readonly epoch: number;
  readonly epochs: number;
  readonly isRunning: boolean;
}): JSX.Element {
  if (epochs === 0) return <span class="epochs">given</span>;
  const share = Math.min(1, epoch / epochs);
  return (
    <span class={`epochs${isRunning ? " running" : ""}`}>
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${100 * share}%` }} />
      </span>
      {Number.isInteger(epoch) ? epoch : epoch.toFixed(1)}/{Math.round(epochs)}
    </span>
  );
}
