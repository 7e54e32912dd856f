import type { ProgressEpoch, ProgressLine, ProgressStart, ProgressStep } from "../store/progress-log.ts";

/** How far a training under way is, read from the lines that it writes. */
export interface Progress {
  readonly start: ProgressStart | undefined;
  readonly epochs: readonly ProgressEpoch[];
  /** Of the epoch under way; undefined between two epochs. */
  readonly step: ProgressStep | undefined;
  /** About how long it still takes; undefined before anything is known. */
  readonly secondsLeft: number | undefined;
  /** Since this attempt began, by the writer's clock. */
  readonly seconds: number | undefined;
}

/** Epochs of an attempt whose mean length is taken for that of the next ones. */
const RECENT = 3;

/** Reads the lines of one attempt; times are differences of the writer's own clock. */
export function progressOf(lines: readonly ProgressLine[]): Progress {
  const start = lines.find((line) => line.type === "start");
  const epochs = lines.filter((line) => line.type === "epoch");
  const last = lines.at(-1);
  const step = last?.type === "step" ? last : undefined;
  return { start, epochs, step, ...times(start, epochs, step, last) };
}

function times(
  start: ProgressStart | undefined,
  epochs: readonly ProgressEpoch[],
  step: ProgressStep | undefined,
  last: ProgressLine | undefined,
): Pick<Progress, "secondsLeft" | "seconds"> {
  if (start === undefined || last === undefined) return { secondsLeft: undefined, seconds: undefined };
  const at = (line: ProgressLine) => Date.parse(line.at) / 1000;
  const own = epochs.filter(({ epoch }) => epoch > start.from);
  const marks: readonly ProgressLine[] = [start, ...own].slice(-RECENT - 1);
  const [first, newest] = [marks[0] ?? start, marks.at(-1) ?? start];
  const finished = epochs.at(-1)?.epoch ?? start.from;
  const share = step === undefined || step.steps === 0 ? 0 : step.step / step.steps;
  const seconds = at(last) - at(start);
  const perEpoch =
    marks.length > 1
      ? (at(newest) - at(first)) / (marks.length - 1)
      : share > 0
        ? (at(last) - at(start)) / share
        : undefined;
  if (perEpoch === undefined) return { secondsLeft: undefined, seconds };
  return { secondsLeft: Math.max(0, start.epochs - finished - share) * perEpoch, seconds };
}
