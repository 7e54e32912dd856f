import { armGroups, pruningsOf } from "../analysis/groups.ts";
import { paperNumbers } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { accuracyVsSparsity } from "../figures/accuracy-vs-sparsity.ts";
import { admmResiduals } from "../figures/admm-residuals.ts";
import { connectivityBarrier, connectivityPath } from "../figures/connectivity.ts";
import { maskCorrelation, preTrainingCorrelation } from "../figures/correlation.ts";
import { captionOf, type Figure } from "../figures/figure.ts";
import { learningCurves, typicalCell } from "../figures/learning-curves.ts";
import { prunerComparison } from "../figures/pruner-comparison.ts";
import { ink } from "../figures/theme.ts";
import { winningByRate } from "../figures/winning-by-rate.ts";
import { type FigureKind, figureKinds, type PaperContext } from "../paper/types.ts";
import { paperName } from "./paper-section.ts";

/** All figures that the results have something for, in the report's order: what makes up the paper's figure first. */
export function reportFigures(results: Results, paper?: PaperContext): readonly Figure[] {
  const prunings = pruningsOf(armGroups(results));
  const numbers = paper === undefined ? [] : paperNumbers(results, paper.reported);
  const kinds: Readonly<Record<FigureKind, readonly (Figure | undefined)[]>> = {
    accuracy: prunings.map((pruning) => accuracyVsSparsity(results, pruning, numbers)),
    pruners: [prunerComparison(results, numbers)],
    "pre-training": [preTrainingCorrelation(results)],
    "mask-correlation": prunings.map((pruning) => maskCorrelation(results, pruning, numbers)),
  };
  const figures = [
    winningByRate(results, typicalCell(results)),
    ...new Set([...(paper?.draws ?? []), ...figureKinds].flatMap((kind) => kinds[kind])),
    ...prunings.map((pruning) => admmResiduals(results, pruning)),
    connectivityPath(results),
    connectivityBarrier(results),
    learningCurves(results, typicalCell(results)),
  ].filter((figure) => figure !== undefined);
  return paper === undefined ? figures : figures.map((figure) => labelled(figure, paper));
}

/** A figure that cannot be taken for the paper's own, wherever it is shown. */
function labelled(figure: Figure, paper: PaperContext): Figure {
  return {
    ...figure,
    title: `${figure.title} (${paperName(paper)}, ${paper.scale} scale)`,
    caption: captionOf(figure.caption, `At ${paper.scaleNote.replace(/\.$/, "")}.`),
    spec: {
      ...figure.spec,
      title: {
        text: wrapped(`${paperName(paper)} of the paper at ${paper.scaleNote}`, NOTE_LENGTH[figure.width]),
        orient: "bottom",
        anchor: "start",
        offset: 8,
        color: ink.muted,
        fontSize: 12,
        fontWeight: "normal",
        fontStyle: "italic",
      },
    },
  };
}

/** Characters of the note that fit below a figure in one line. */
const NOTE_LENGTH = { column: 50, page: 98 } as const;

/** A note longer than this stands in the caption only. */
const MOST_LINES = 4;

/** Lines of at most so many characters, where words allow it; no more than `MOST_LINES`. */
function wrapped(text: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= length) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), `${lines[MOST_LINES - 1] ?? ""} …`];
}
