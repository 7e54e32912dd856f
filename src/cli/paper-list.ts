import { renderTable } from "../analysis/text-table.ts";
import { type PaperFigure, paperFigures } from "../paper/catalog.ts";
import { figureSpec } from "../paper/load-figure.ts";
import { makePlan } from "../plan/plan.ts";

/** Wide enough for the tables of figures, which are not broken. */
export const TABLE_WIDTH = 200;

/** All figures and tables with their settings and the trainings of the paper's full protocol, as a table or as JSON. */
export function listFigures({ json }: { readonly json: boolean }): string {
  const figures = paperFigures().map((figure) => {
    const spec = figureSpec(figure, "full");
    const settings = spec.variants.map(({ setting }) => setting);
    return {
      ...figure,
      models: [...new Set(settings.map(({ model }) => model.name))],
      data: [...new Set(settings.map(({ data }) => data.name))],
      trainings: makePlan(spec).trainings,
    };
  });
  if (json) return `${JSON.stringify(figures, null, 2)}\n`;
  const table = renderTable(
    {
      title: "Figures and tables of Liu et al. 2021, and their trainings at full scale",
      columns: ["id", "title", "models", "data", "trainings"],
      rows: figures.map(({ trainings, models, data, ...figure }) => [
        namesOf(figure),
        figure.title,
        models.join(", "),
        data.join(", "),
        String(trainings),
      ]),
      heads: 4,
    },
    TABLE_WIDTH,
  );
  return `${table}\nRun one with: sweepstake paper ID --scale full|half|tenth|medium|small. What all of them take: sweepstake paper all --plan\n`;
}

/** `5ab (5a, 5b)`. */
function namesOf({ id, aliases }: PaperFigure): string {
  return aliases.length === 0 ? id : `${id} (${aliases.join(", ")})`;
}
