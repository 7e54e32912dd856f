import type { PaperFigure } from "../paper/catalog.ts";
import { figureSpec, loadFigure } from "../paper/load-figure.ts";
import type { ScaleName } from "../paper/types.ts";
import { Store } from "../store/store.ts";
import { type ResultsOptions, type SpecOptions, storeFolder } from "./options.ts";
import { planStatus, statusText } from "./plan-status.ts";
import { plansWithResults } from "./plan-with-results.ts";
import { showResults } from "./show-results.ts";

interface PaperShowOptions extends SpecOptions, ResultsOptions {
  readonly scale: ScaleName;
  readonly json: boolean;
}

/** How far figures are, each as `sweepstake status` says it; as JSON an object for one figure, a list for several. */
export function figuresStatus(figures: readonly PaperFigure[], options: PaperShowOptions): string {
  const store = Store.open(storeFolder(options));
  const specs = figures.map(({ id }) => figureSpec({ id }, options.scale, options.set));
  const found = plansWithResults(specs, store, options.results).map((plan, i) => ({
    id: figures[i]?.id,
    scale: options.scale,
    ...planStatus(plan, store),
  }));
  if (options.json) return `${JSON.stringify(found.length === 1 ? found[0] : found, null, 2)}\n`;
  return found.map(statusText).join("\n");
}

/** Writes the reports of figures from what the store holds of them; every one is read and checked before the first is written. */
export async function reportOnFigures(figures: readonly PaperFigure[], options: PaperShowOptions): Promise<void> {
  const loaded = figures.map((figure) => loadFigure(figure, options.scale, options.set));
  const store = Store.open(storeFolder(options));
  const specs = loaded.map(({ spec }) => spec);
  for (const [i, plan] of plansWithResults(specs, store, options.results).entries()) {
    const context = loaded[i]?.context;
    process.stderr.write(`${context?.title ?? ""}\n${context?.scaleNote ?? ""}\n`);
    await showResults(plan, store, options, context);
  }
}
