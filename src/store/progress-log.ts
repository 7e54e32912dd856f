import { appendFileSync } from "node:fs";
import { replaceFile } from "../core/atomic-write.ts";
import { quietly } from "./publish.ts";

/** Within an epoch a line is written after this time at the earliest. */
export const STEP_LINE_MS = 3_000;

/** The first line: who trains, and from where it goes on. */
export interface ProgressStart {
  readonly type: "start";
  /** ISO 8601, by the writer's clock, as in every line. */
  readonly at: string;
  readonly host: string;
  readonly pid: number;
  /** Last epoch of the training, and those finished when this attempt began. */
  readonly epochs: number;
  readonly from: number;
}

/** An epoch that was finished, in this attempt or before it (then with the time of the start). */
export interface ProgressEpoch {
  readonly type: "epoch";
  readonly at: string;
  readonly epoch: number;
  readonly lr: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}

/** Where in an epoch it is. */
export interface ProgressStep {
  readonly type: "step";
  readonly at: string;
  /** Under way, from 1. */
  readonly epoch: number;
  /** Steps finished of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Mean training loss of this epoch so far. */
  readonly loss?: number;
  readonly imagesPerSecond: number;
}

export type ProgressLine = ProgressStart | ProgressEpoch | ProgressStep;

/**
 * How far a training is, for whoever looks on: a JSON line per epoch and every few seconds. Every line is opened, appended and closed by
 * itself, which is what makes it visible on other hosts of a network file system. Nothing depends on the file: what cannot be written is left out.
 */
export class ProgressLog {
  readonly #path: string;
  readonly #isMine: () => boolean;

  /** @param isMine whether the lease is held; a holder that lost it must not write into the successor's file */
  constructor(path: string, isMine: () => boolean) {
    this.#path = path;
    this.#isMine = isMine;
  }

  /** Replaces the file by that of an attempt, with what it knows of earlier ones. */
  begin(lines: readonly ProgressLine[]): void {
    quietly(() => {
      if (this.#isMine()) replaceFile(this.#path, lines.map(lineOf).join(""));
    });
  }

  append(line: ProgressLine): void {
    quietly(() => {
      if (this.#isMine()) appendFileSync(this.#path, lineOf(line));
    });
  }
}

function lineOf(line: ProgressLine): string {
  return `${JSON.stringify(line)}\n`;
}
