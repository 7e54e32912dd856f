import type { PaperFigure } from "../paper/catalog.ts";
import { loadFigure } from "../paper/load-figure.ts";
import type { ScaleName } from "../paper/types.ts";
import { Store } from "../store/store.ts";
import { type ResultsOptions, type RunOptions, storeFolder } from "./options.ts";
import { plansWithResults } from "./plan-with-results.ts";
import { runSpec } from "./run-spec.ts";

/**
 * Runs figures one after the other, each with its report; every one is read and checked before the first one runs.
 * @returns the exit code: that of a signal at once, else the worst of them
 */
export async function runFigures(
  figures: readonly PaperFigure[],
  options: RunOptions & ResultsOptions & { readonly scale: ScaleName; readonly json: boolean },
): Promise<number> {
  const loaded = figures.map((figure) => loadFigure(figure, options.scale, options.set));
  if (options.results.length > 0) {
    const specs = loaded.map(({ spec }) => spec);
    plansWithResults(specs, Store.open(storeFolder(options)), options.results);
  }
  let worst = 0;
  for (const { spec, context } of loaded) {
    process.stderr.write(`${context.title}\n${context.scaleNote}\n`);
    const code = await runSpec(spec, { ...options, results: [] }, context);
    if (code > 1) return code;
    worst = Math.max(worst, code);
  }
  return worst;
}
