import { measureFormulas } from "../analysis/correlations.ts";
import type { Json } from "../core/canonical-json.ts";
import type { Cell, Plan } from "../plan/types.ts";
import { percent } from "../run/labels.ts";
import { CorruptObjectError, type Store } from "../store/store.ts";
import type { StageStates } from "./stage-states.ts";
import type { LayerCorrelationView, LayersView, LayerView, MaskView, MeasureView } from "./views.ts";

/** One variant layer by layer: weights that masks keep, and R_p beside its null; means over the seeds that are done. */
export function layersView(
  plan: Plan,
  experiment: string,
  variant: string,
  states: StageStates,
  store: Store,
): LayersView {
  return {
    experiment,
    variant,
    masks: masksOf(plan, variant, states),
    measures: measuresOf(plan, variant, states, store),
  };
}

function masksOf(plan: Plan, variant: string, states: StageStates): readonly MaskView[] {
  const cells = new Map<string, Map<string, Cell>>();
  for (const { variant: of, cell } of plan.arms) {
    if (of !== variant || cell === undefined) continue;
    const name = cellName(cell);
    cells.set(name, (cells.get(name) ?? new Map<string, Cell>()).set(cell.mask.key, cell));
  }
  return [...cells].flatMap(([mask, byKey]) => {
    const found = [...byKey.keys()].flatMap((key) => layersIn(states.get(key).record?.summary));
    const [first] = found;
    if (first === undefined) return [];
    const layers = first.map((layer, i) => ({ ...layer, kept: mean(found.map((seed) => seed[i]?.kept ?? 0)) }));
    return [{ mask, n: found.length, layers }];
  });
}

/** The counts of one mask, as its record has them. */
function layersIn(summary: Json | undefined): readonly (readonly LayerView[])[] {
  const layers = field(summary, "layers");
  if (!Array.isArray(layers)) return [];
  const views = (layers as readonly Json[]).flatMap((entry): LayerView[] => {
    const [layer, kept, size] = [field(entry, "layer"), field(entry, "kept"), field(entry, "size")];
    return typeof layer === "string" && typeof kept === "number" && typeof size === "number"
      ? [{ layer, kept, size }]
      : [];
  });
  return [views];
}

function measuresOf(plan: Plan, variant: string, states: StageStates, store: Store): readonly MeasureView[] {
  const groups = new Map<
    string,
    { readonly head: Omit<MeasureView, "n" | "layers">; readonly seeds: LayerCorrelationView[][] }
  >();
  for (const { variant: of, measure, cell, compare } of plan.comparisons) {
    if (of !== variant || states.get(compare).state !== "done") continue;
    const mask = cell === undefined ? "no mask" : cellName(cell);
    for (const { p, layers } of overlapsOf(compare, store)) {
      const id = `${measure} ${mask} ${p}`;
      const known = groups.get(id);
      if (known !== undefined) known.seeds.push(layers);
      else groups.set(id, { head: { measure, formula: measureFormulas[measure], mask, p }, seeds: [layers] });
    }
  }
  return [...groups.values()].map(({ head, seeds }) => ({ ...head, n: seeds.length, layers: meansOf(seeds) }));
}

function meansOf(seeds: readonly (readonly LayerCorrelationView[])[]): readonly LayerCorrelationView[] {
  return (seeds[0] ?? []).map(({ layer }, i) => {
    const all = seeds.flatMap((seed) => seed[i] ?? []);
    const scores = all.flatMap(({ z }) => (z === null ? [] : [z]));
    return {
      layer,
      rp: mean(all.map(({ rp }) => rp)),
      nullMean: mean(all.map(({ nullMean }) => nullMean)),
      z: scores.length === 0 ? null : mean(scores),
    };
  });
}

function overlapsOf(
  key: string,
  store: Store,
): readonly { readonly p: number; readonly layers: LayerCorrelationView[] }[] {
  let overlaps: Json;
  try {
    overlaps = store.readJson(key, "overlap.json");
  } catch (error) {
    if (error instanceof CorruptObjectError) return []; // the store has moved it aside; the next run computes it anew
    throw error;
  }
  return (Array.isArray(overlaps) ? (overlaps as readonly Json[]) : []).flatMap((point) => {
    const [p, layers] = [field(point, "p"), field(point, "layers")];
    if (typeof p !== "number" || !Array.isArray(layers)) return [];
    return [{ p, layers: (layers as readonly Json[]).flatMap(layerIn) }];
  });
}

function layerIn(entry: Json): readonly LayerCorrelationView[] {
  const [layer, rp, nullMean, z] = ["layer", "rp", "nullRp", "z"].map((name) => field(entry, name));
  if (typeof layer !== "string" || typeof rp !== "number" || typeof nullMean !== "number") return [];
  return [{ layer, rp, nullMean, z: typeof z === "number" ? z : null }];
}

function cellName({ pruning, sparsity }: Cell): string {
  return `${pruning} ${percent(sparsity)}`;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: Json })[name];
}
