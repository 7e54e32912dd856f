import type { Measure, Start } from "../plan/types.ts";

/** The scales that a paper's experiment can be run at, from its own protocol down to what takes minutes. */
export const scaleNames = ["full", "half", "tenth", "medium", "small"] as const;
export type ScaleName = (typeof scaleNames)[number];

/** The figures of a report that make up a figure of the paper. */
export const figureKinds = ["accuracy", "pruners", "pre-training", "mask-correlation"] as const;
export type FigureKind = (typeof figureKinds)[number];

/** A number that the paper states, with the setting that it belongs to. */
export interface ReportedNumber {
  /** Where it stands, e.g. `Table 1` or `Section 3.2`. */
  readonly source: string;
  readonly model: string;
  readonly data: string;
  /** Initial learning rate. */
  readonly lr: number;
  readonly quantity: ReportedQuantity;
  /** Percent, for accuracies and for R_p. */
  readonly value: number;
}

/** What was measured: test accuracy of a start (under a mask unless dense), or R_p of a comparison under a mask. */
export type ReportedQuantity =
  | { readonly kind: "accuracy"; readonly start: "dense" }
  | {
      readonly kind: "accuracy";
      readonly start: Exclude<Start, "dense">;
      readonly pruning: PaperPruning;
      /** Share removed, in (0, 1). */
      readonly sparsity: number;
    }
  | {
      readonly kind: "correlation";
      readonly measure: Exclude<Measure, "pre-training">;
      readonly p: number;
      readonly pruning: PaperPruning;
      readonly sparsity: number;
    };

export type PaperPruning = "iterative" | "one-shot" | "admm";

/** What a report must say when it shows one of the paper's figures or tables. */
export interface PaperContext {
  /** `2`, `5c`, `A11`, `T1`. */
  readonly id: string;
  readonly title: string;
  /** What the paper shows there. */
  readonly shows: string;
  /** What the paper leaves open, and what is done here. */
  readonly note?: string;
  /** The figures of a report that make it up; they come first. */
  readonly draws: readonly FigureKind[];
  readonly scale: ScaleName;
  /** What the scale leaves of the paper's protocol, for captions: `small scale: 12 of 150 epochs, 12,800 of 50,000 images, …`. */
  readonly scaleNote: string;
  /** The paper's numbers for the settings of this figure. */
  readonly reported: readonly ReportedNumber[];
}

/** The paper rounds the sparsities of its text to whole percent: masks this near are taken for the paper's. */
export const sparsityTolerance = 0.01;
