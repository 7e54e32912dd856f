/**
 * sweepstake as a library: the same parts that the command line uses, in the order that data flows through them.
 *
 * @example
 * const plan = makePlan(loadSpec("experiment.yaml"));
 * const store = Store.open("sweepstake-out/store");
 * await execute({ plan, store, slots: [new InlineSlot(store, "cpu", 2)], onEvent: () => {} });
 * console.log(verdicts(collect(plan, store)).winning.map(({ sentence }) => sentence));
 */
export { defineAllocation } from "./allocations/define.ts";
export { allocations } from "./allocations/index.ts";
export { collect } from "./analysis/collect.ts";
export type { ArmResult, ComparisonResult, CorrelationPoint, Results } from "./analysis/types.ts";
export { verdicts } from "./analysis/verdicts.ts";
export { diagnose } from "./claims/diagnosis.ts";
export { judgeClaims } from "./claims/judge.ts";
export type { ClaimsResult, ClaimVerdict } from "./claims/types.ts";
export type { HostArray, StateDict } from "./core/array.ts";
export { InputError, InternalError, RunError } from "./core/errors.ts";
export { decodeSafetensors, encodeSafetensors } from "./core/safetensors.ts";
export { type ArrayData, type ArrayPart, dataset } from "./data/import/dataset.ts";
export { type Dataset, loadData } from "./data/load.ts";
export type { DataSpec } from "./data/types.ts";
export { Mask } from "./masks/mask.ts";
export { buildModel, describeModel } from "./models/index.ts";
export type { ModelSpec } from "./models/types.ts";
export { initialWeights } from "./nn/init.ts";
export { summarise } from "./plan/estimate.ts";
export { makePlan } from "./plan/plan.ts";
export type { Arm, Comparison, Plan, Stage } from "./plan/types.ts";
export { definePruner } from "./pruners/define.ts";
export { pruners } from "./pruners/index.ts";
export { makeMask } from "./pruners/make-mask.ts";
export { writeReport } from "./report/write-report.ts";
export { execute } from "./run/execute.ts";
export { InlineSlot } from "./run/inline.ts";
export { WorkerSlot } from "./run/local/slot.ts";
export type { RunEvent, RunSummary } from "./run/types.ts";
export { loadSpec } from "./spec/load.ts";
export { parseSpec } from "./spec/parse.ts";
export type { Spec } from "./spec/types.ts";
export { type CorrelationAtP, correlation } from "./stats/correlation.ts";
export { winningProperty } from "./stats/winning-property.ts";
export { Store } from "./store/store.ts";
export type { TrainRecipe } from "./train/recipe.ts";
export { type TrainJob, type TrainOutcome, train } from "./train/trainer.ts";
