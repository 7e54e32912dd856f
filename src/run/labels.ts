import { startName } from "../plan/retraining.ts";
import type { Cell, Plan, Stage } from "../plan/types.ts";

/** `50 %`, `27.75 %`: a share as people read it, at most two decimals. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}

/** What each stage is to a person, by key: `lr 0.1, seed 0, ticket, iterative 50 %`. */
export function stageLabels(plan: Plan): ReadonlyMap<string, string> {
  const variants = new Map(plan.spec.variants.map((variant) => [variant.id, variant.label]));
  const labels = new Map<string, string[]>();
  const add = (key: string, parts: readonly string[]) => {
    const label = parts.join(", ");
    const known = labels.get(key);
    if (known === undefined) labels.set(key, [label]);
    else if (!known.includes(label)) known.push(label);
  };
  for (const arm of plan.arms) {
    const head = [variants.get(arm.variant) ?? arm.variant, `seed ${arm.seed}`];
    add(arm.train, [...head, startName(arm), ...cellLabel(arm.cell)]);
    if (arm.cell !== undefined) add(arm.cell.mask.key, [...head, "mask", ...cellLabel(arm.cell)]);
  }
  for (const comparison of plan.comparisons) {
    const head = [variants.get(comparison.variant) ?? comparison.variant, `seed ${comparison.seed}`];
    add(comparison.compare, [...head, `R_p ${comparison.measure}`, ...cellLabel(comparison.cell)]);
  }
  for (const { variant, seed, epoch, cell, copies, connect } of plan.connections) {
    const place = [variants.get(variant) ?? variant, `seed ${seed}`];
    const of = [`from epoch ${epoch}`, ...cellLabel(cell)].join(", ");
    // The first copy of a dense network is the dense run, and is called so.
    for (const [i, key] of copies.entries()) if (!labels.has(key)) add(key, [...place, `copy ${i + 1} ${of}`]);
    add(connect, [...place, `connectivity ${of}`]);
  }
  return new Map(
    [...plan.stages.values()].map((stage) => [stage.key, joined(labels.get(stage.key)) ?? fallback(stage)]),
  );
}

function cellLabel(cell: Cell | undefined): string[] {
  return cell === undefined ? [] : [`${cell.pruning} ${percent(cell.sparsity)}`];
}

/** A shared stage is called by its first use. */
function joined(uses: readonly string[] | undefined): string | undefined {
  if (uses === undefined) return undefined;
  return uses.length === 1 ? uses[0] : `${uses[0]} (+${uses.length - 1} shared)`;
}

function fallback(stage: Stage): string {
  if (stage.kind === "init") return `seed ${stage.parameters.seed}, ${stage.parameters.draw === 0 ? "init" : "reinit"}`;
  if (stage.kind === "load") return `weights of ${stage.parameters.weights.path}`;
  return `${stage.kind} ${stage.key.slice(0, 8)}`;
}
