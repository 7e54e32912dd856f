/** What the server sends and the page shows: plain JSON, and all that both sides share. */

export type RunState = "running" | "done" | "waiting" | "stopped" | "failed" | "diverged" | "skipped";

/** One training as an experiment sees it; a training that several starts share has a row for each. */
export interface RunRow {
  /** Stable over time: beginning of the experiment's id and the number of the row in it. */
  readonly id: string;
  readonly experiment: string;
  /** Of the stage. */
  readonly key: string;
  readonly label: string;
  readonly variant: string;
  readonly seed: number;
  readonly start: string;
  readonly pruning: string | null;
  /** Share removed, in [0, 1); null for dense. */
  readonly sparsity: number | null;
  readonly state: RunState;
  /** Why it failed, diverged or was skipped; who stopped it. */
  readonly message: string | null;
  /** Epochs finished, with the share of the one under way. */
  readonly epoch: number;
  readonly epochs: number;
  /** Percent of the test set after the last epoch so far. */
  readonly accuracy: number | null;
  readonly bestAccuracy: number | null;
  readonly trainLoss: number | null;
  readonly testLoss: number | null;
  readonly imagesPerSecond: number | null;
  /** About how long it still takes. */
  readonly secondsLeft: number | null;
  /** Computing time so far, all attempts. */
  readonly seconds: number | null;
  /** Who computes it, as `host:pid`. */
  readonly host: string | null;
  /** ISO 8601. */
  readonly finishedAt: string | null;
}

export interface VariantView {
  readonly id: string;
  readonly label: string;
  /** Every field of the setting, `train.optimizer.sgd.lr`: 0.1. */
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
}

export interface ExperimentView {
  readonly id: string;
  readonly name: string;
  readonly question: string;
  readonly seeds: readonly number[];
  readonly variants: readonly VariantView[];
  /** Stages by state, masks and comparisons too. */
  readonly stages: { readonly done: number; readonly all: number };
  /** About how long the workers of now still take; null when none is at work or nothing is known. */
  readonly secondsLeft: number | null;
  readonly stopped: boolean;
}

/** Everything at once, for a page that opens. */
export interface StateView {
  readonly version: number;
  readonly store: string;
  readonly experiments: readonly ExperimentView[];
  readonly rows: readonly RunRow[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

/** What is new since another version. */
export interface ChangeView {
  readonly version: number;
  readonly experiments: readonly ExperimentView[];
  readonly rows: readonly RunRow[];
}

export interface CurveView {
  readonly id: string;
  readonly epochs: readonly number[];
  /** Percent. */
  readonly testAccuracy: readonly number[];
  readonly trainAccuracy: readonly number[];
  readonly testLoss: readonly number[];
  readonly trainLoss: readonly number[];
  readonly lr: readonly number[];
}

export interface VerdictRow {
  readonly sparsity: string;
  readonly verdict: "holds" | "fails" | "undecided";
  /** Ticket minus dense, and minus reinit, in points with the interval, `−0.31 [−0.52, −0.10]`. */
  readonly toDense: string;
  readonly toReinit: string;
  readonly n: number;
  /** `8 seeds would decide: 5 more than the 3 of now`. */
  readonly deciding: string;
}

export interface WinningView {
  readonly label: string;
  readonly pruning: string;
  readonly headline: string;
  readonly rows: readonly VerdictRow[];
}

export interface CorrelationView {
  readonly label: string;
  readonly mask: string;
  readonly measure: string;
  readonly formula: string;
  readonly p: string;
  readonly rp: string;
  readonly nullMean: string;
  /** Shares, for the bar. */
  readonly share: number;
  readonly nullShare: number;
  readonly z: string;
  readonly pValue: string;
  readonly n: number;
  readonly word: string;
}

export interface ClaimView {
  readonly id: number;
  readonly words: string;
  readonly setting: string;
  readonly outcome: "confirmed" | "refuted" | "undecided" | "not run";
  readonly line: string;
  readonly deciding: string;
  /** Whether its runs are none that the paper speaks of. */
  readonly outOfRegime: boolean;
  readonly caution: string | null;
}

export interface FigureView {
  readonly name: string;
  readonly title: string;
  readonly caption: string;
}

export interface VerdictsView {
  readonly experiment: string;
  /** ISO 8601: when it was judged. */
  readonly asOf: string;
  /** Milliseconds after which to ask again, since more is done by now; null when this is all. */
  readonly againInMs: number | null;
  readonly done: number;
  readonly all: number;
  readonly margins: string;
  readonly notJudged: string | null;
  readonly dense: string;
  readonly winning: readonly WinningView[];
  readonly correlations: readonly CorrelationView[];
  readonly claims: readonly ClaimView[];
  readonly claimNote: string;
  readonly figures: readonly FigureView[];
}

/** A layer under one mask: means over the seeds that are done. */
export interface LayerView {
  readonly layer: string;
  readonly size: number;
  /** Weights kept, mean over seeds. */
  readonly kept: number;
}

export interface MaskView {
  readonly mask: string;
  readonly n: number;
  readonly layers: readonly LayerView[];
}

export interface LayerCorrelationView {
  readonly layer: string;
  readonly rp: number;
  readonly nullMean: number;
  /** Mean over seeds; null where the null allows a single value. */
  readonly z: number | null;
}

export interface MeasureView {
  readonly measure: string;
  readonly formula: string;
  readonly mask: string;
  readonly p: number;
  readonly n: number;
  readonly layers: readonly LayerCorrelationView[];
}

/** One variant's networks, layer by layer. */
export interface LayersView {
  readonly experiment: string;
  readonly variant: string;
  readonly masks: readonly MaskView[];
  readonly measures: readonly MeasureView[];
}
