import { type Problem, problem } from "./problem.ts";
import type { PruneEntry, RetrainEntry } from "./schema.ts";
import type { ConnectivitySpec, WeightsSpec } from "./types.ts";

/**
 * What a spec asks for that the given weights do not allow: without θ0 there are no tickets and no rounds from it, and of a θT that was
 * trained elsewhere no epoch before it is known.
 */
export function weightsChecks(
  weights: WeightsSpec | undefined,
  prune: readonly (PruneEntry | undefined)[],
  retrain: readonly (RetrainEntry | undefined)[],
  connectivity: ConnectivitySpec | undefined,
): readonly Problem[] {
  if (weights?.trained === undefined) return [];
  const lacksTheta0 = weights.initial === undefined;
  const starts = retrain.flatMap((entry, i) => {
    if (entry === "ticket" && lacksTheta0)
      return [
        problem(["retrain", i], `expected starts that need no θ0, got ticket with weights.trained alone`, ticketHint),
      ];
    if (typeof entry === "object" && "rewind" in entry)
      return [
        problem(
          ["retrain", i],
          "expected starts that need no epoch of the training behind weights.trained, got rewind",
          "fine-tune, or lr-rewind, which starts from θT",
        ),
      ];
    return [];
  });
  const rounds = prune.flatMap((entry, i) =>
    entry?.iterative !== undefined && lacksTheta0
      ? [
          problem(
            ["prune", i],
            "expected one-shot or admm with weights.trained alone, got iterative, whose rounds train θ0 under the mask",
            "name the weights that the training began with in weights.initial, or prune in one shot",
          ),
        ]
      : [],
  );
  const copies =
    connectivity === undefined
      ? []
      : [
          problem(
            ["measure", "connectivity"],
            "expected no connectivity with weights.trained: its copies train from epochs of the dense training, which was elsewhere",
          ),
        ];
  return [...starts, ...rounds, ...copies];
}

const ticketHint =
  "name the weights that the training began with in weights.initial, or leave ticket out: reinit, fine-tune, lr-rewind and scratch-b need none";
