import { InputError } from "../core/errors.ts";
import { parseSpec } from "./parse.ts";

/** A small right spec, line by line; the tests of messages spoil it. */
export const lines: readonly string[] = [
  "name: grid", // 1
  "data: fashion-mnist", // 2
  "model: resnet20", // 3
  "train:", // 4
  "  epochs: 10", // 5
  "  optimizer: { sgd: { lr: 0.1 } }", // 6
  "prune:", // 7
  "  - iterative: { rate: 0.2, rounds: 3 }", // 8
  "retrain: [ticket, reinit, fine-tune]", // 9
];

/** The small spec with one line replaced, or with a tenth line. */
export function withLine(number: number, text: string): string {
  return [...lines.slice(0, number - 1), text, ...lines.slice(number)].join("\n");
}

/** What parseSpec says about a text; "accepted" when nothing. */
export function complaint(text: string, overrides: readonly string[] = []): string {
  try {
    parseSpec(text, "grid.yaml", overrides);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "accepted";
}
