import { collect } from "../analysis/collect.ts";
import type { Figure } from "../figures/figure.ts";
import { renderSvg } from "../figures/render.ts";
import { inlineSvg } from "../report/figure-section.ts";
import { reportFigures } from "../report/report-figures.ts";
import type { Store } from "../store/store.ts";
import { verdictsView } from "./verdicts-view.ts";
import type { VerdictsView } from "./views.ts";
import type { WatchedExperiment } from "./watched-experiment.ts";

interface Judgement {
  /** What was ended when it was made. */
  readonly ended: number;
  readonly view: Omit<VerdictsView, "againInMs">;
  readonly figures: ReadonlyMap<string, Figure>;
  readonly drawn: Map<string, Promise<string>>;
  /** When it may be made anew: one that takes long is made less often. */
  readonly goodUntil: number;
}

/** A judgement takes at most this share of the time. */
const REST = 10;

/** Judges experiments when they are looked at, anew when more of them is done. */
export class Judged {
  readonly #store: Store;
  readonly #judgements = new Map<string, Judgement>();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The verdicts, which may be a little behind where they take long.
   * @param ended number of stages that are done, failed or diverged: as long as it stays, the verdicts stay
   */
  verdicts(experiment: WatchedExperiment, ended: number): VerdictsView {
    const { view, ended: then, goodUntil } = this.#judgement(experiment, ended);
    return { ...view, againInMs: then === ended ? null : Math.max(0, Math.ceil(goodUntil - performance.now())) };
  }

  /** A figure of the last judgement as a self-contained SVG, for the page to show; undefined when there is none of the name. */
  async figure(experiment: WatchedExperiment, ended: number, name: string): Promise<string | undefined> {
    const { figures, drawn } = this.#judgement(experiment, ended);
    const figure = figures.get(name);
    if (figure === undefined) return undefined;
    let svg = drawn.get(name);
    if (svg === undefined) {
      svg = renderSvg(figure.spec);
      drawn.set(name, svg);
    }
    // The page sets the width itself: its Content-Security-Policy allows no style attributes.
    return inlineSvg(await svg, name, `${figure.title}. ${figure.caption}`).replace(/ style="--width: [^"]*"/, "");
  }

  #judgement(experiment: WatchedExperiment, ended: number): Judgement {
    const known = this.#judgements.get(experiment.id);
    const now = performance.now();
    if (known !== undefined && (known.ended === ended || now < known.goodUntil)) return known;
    const results = collect(experiment.plan, this.#store);
    const figures = reportFigures(results);
    const judgement = {
      ended,
      view: verdictsView(results, experiment.id, figures),
      figures: new Map(figures.map((figure) => [figure.name, figure])),
      drawn: new Map<string, Promise<string>>(),
      goodUntil: performance.now() + REST * (performance.now() - now),
    };
    this.#judgements.set(experiment.id, judgement);
    return judgement;
  }
}
