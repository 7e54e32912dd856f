import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { PruneSpec, Spec } from "../spec/types.ts";
import { paperFile } from "./catalog.ts";
import { type ReportedNumber, sparsityTolerance } from "./types.ts";

const setting = { source: z.string(), model: z.string(), data: z.string(), lr: z.number(), value: z.number() };
const mask = { pruning: z.enum(["iterative", "one-shot", "admm"]), sparsity: z.number() };
const accuracy = z.union([
  z.strictObject({ ...setting, start: z.literal("dense") }),
  z.strictObject({ ...setting, ...mask, start: z.enum(["ticket", "reinit", "rewind", "fine-tune"]) }),
]);
const correlation = z.strictObject({
  ...setting,
  ...mask,
  measure: z.enum(["ticket", "reinit", "fine-tune to initial", "fine-tune to pre-trained"]),
  p: z.number(),
});
const file = z.strictObject({ accuracies: z.array(accuracy), correlations: z.array(correlation) });

/** Every number that the paper states, from papers/liu2021/reported.yaml. */
export function reportedNumbers(): readonly ReportedNumber[] {
  const { accuracies, correlations } = file.parse(parse(readFileSync(paperFile("reported.yaml"), "utf8")));
  return [
    ...accuracies.map(({ source, model, data, lr, value, ...quantity }) => ({
      ...{ source, model, data, lr, value },
      quantity: { kind: "accuracy" as const, ...quantity },
    })),
    ...correlations.map(({ source, model, data, lr, value, ...quantity }) => ({
      ...{ source, model, data, lr, value },
      quantity: { kind: "correlation" as const, ...quantity },
    })),
  ];
}

/** Those of the paper's numbers that an experiment at the paper's full protocol measures, too. */
export function reportedFor(spec: Spec, numbers: readonly ReportedNumber[]): readonly ReportedNumber[] {
  return numbers.filter((number) =>
    spec.variants.some(({ setting: { model, data, train, ...masks } }) => {
      const isSetting =
        model.name === number.model && data.name === number.data && train.optimizer.sgd.lr === number.lr;
      return isSetting && isMeasured(number.quantity, masks.prune, masks.retrain, masks.correlation.p);
    }),
  );
}

function isMeasured(
  quantity: ReportedNumber["quantity"],
  prune: readonly PruneSpec[],
  retrain: readonly { readonly kind: string }[],
  p: readonly number[],
): boolean {
  if (quantity.kind === "accuracy" && quantity.start === "dense") return true;
  const hasMask = prune.some(
    (setting) =>
      setting.kind === quantity.pruning &&
      sparsitiesOf(setting).some((sparsity) => Math.abs(sparsity - quantity.sparsity) <= sparsityTolerance),
  );
  const has = (start: string) => retrain.some(({ kind }) => kind === start);
  if (quantity.kind === "accuracy") return hasMask && has(quantity.start);
  // Every R_p under a mask is of the fine-tuned weights.
  return hasMask && has("fine-tune") && p.includes(quantity.p) && (quantity.measure !== "reinit" || has("reinit"));
}

/** Shares removed by the masks of one setting, in [0, 1). */
export function sparsitiesOf(setting: PruneSpec): readonly number[] {
  if (setting.kind !== "iterative") return setting.sparsities;
  let kept = 1;
  return setting.rounds.map((target) => {
    kept = "sparsity" in target ? 1 - target.sparsity : kept * (1 - target.removeFraction);
    return 1 - kept;
  });
}
