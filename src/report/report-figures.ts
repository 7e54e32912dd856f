import { armGroups, pruningsOf } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { accuracyVsSparsity } from "../figures/accuracy-vs-sparsity.ts";
import { admmResiduals } from "../figures/admm-residuals.ts";
import { connectivityBarrier, connectivityPath } from "../figures/connectivity.ts";
import { maskCorrelation, preTrainingCorrelation } from "../figures/correlation.ts";
import { captionOf, type Figure } from "../figures/figure.ts";
import { learningCurves, typicalCell } from "../figures/learning-curves.ts";
import type { PaperContext } from "../paper/types.ts";
import { paperName } from "./paper-section.ts";

/** All figures that the results have something for, in the report's order. */
export function reportFigures(results: Results, paper?: PaperContext): readonly Figure[] {
  const prunings = pruningsOf(armGroups(results));
  const figures = [
    ...prunings.map((pruning) => accuracyVsSparsity(results, pruning)),
    preTrainingCorrelation(results),
    ...prunings.map((pruning) => maskCorrelation(results, pruning)),
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
    caption: captionOf(figure.caption, paper.scaleNote),
  };
}
