import type { PruneSpec } from "../spec/types.ts";

/**
 * A name for every pruning setting, unique within the spec: its kind where that says enough, else with the pruner and
 * the allocation, the rate, or a number, e.g. `iterative`, `one-shot (random)`, `one-shot (global)`, `iterative (rate 0.2)`, `one-shot (2)`.
 */
export function pruningLabels(prune: readonly PruneSpec[]): readonly string[] {
  return prune.map((setting) => {
    const peers = prune.filter(({ kind }) => kind === setting.kind);
    if (peers.length === 1 && methodName(setting) === "magnitude") return setting.kind;
    const detail = [methodName, rateName].find((name) => new Set(peers.map(name)).size === peers.length);
    return `${setting.kind} (${detail?.(setting) ?? peers.indexOf(setting) + 1})`;
  });
}

/** Pruner and allocation, of which the usual one is not named: `magnitude`, `global`, `lamp, global`. ADMM has a criterion of its own. */
function methodName(setting: PruneSpec): string {
  if (setting.kind === "admm") return "magnitude";
  const { pruner, allocation } = setting;
  if (allocation === undefined) return pruner.name;
  return pruner.name === "magnitude" ? allocation.name : `${pruner.name}, ${allocation.name}`;
}

/** The rate of the first round; settings given by sparsities have none. */
function rateName(setting: PruneSpec): string {
  const first = setting.kind === "iterative" ? setting.rounds[0] : undefined;
  return first !== undefined && "removeFraction" in first ? `rate ${first.removeFraction}` : "by sparsity";
}
