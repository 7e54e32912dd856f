import { elementCount, type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import type { LayerSummary } from "../nn/module.ts";
import type { Ties } from "./ties.ts";

/** An array of two or more dimensions that is not taken for a layer, and why. */
export interface OtherArray {
  readonly name: string;
  readonly reason: string;
}

export interface FileLayers {
  /** The layers that weights of an unknown model have, in their order; each array once, however many names it has. */
  readonly layers: readonly LayerSummary[];
  /** What has the dimensions of a layer and is none by its name or its siblings: it stays as it is. */
  readonly others: readonly OtherArray[];
}

/**
 * The layers in a file of an unknown model, by evidence. A floating array of two or more dimensions is the weight of a linear layer (two) or a
 * convolution (more) when it is called `weight` and nothing beside it says otherwise: a bias of as many dimensions (layer norm), running
 * statistics (batch norm), a name of an embedding, no bias where all other matrices have one. Everything else stays dense and is listed: tokens, tables, buffers, recurrent weights.
 * @param named names that are layers on the user's word
 * @param ties  names of one array are one layer
 * @throws InputError for layers whose weight is made from other arrays (weight norm, spectral norm): it is not in the file
 */
export function weightLayers(state: StateDict, named: readonly string[] = [], ties?: Ties): FileLayers {
  checkParametrised(state);
  const layers: LayerSummary[] = [];
  const others: OtherArray[] = [];
  const taken = new Set<string>();
  const sameAs = (name: string) => ties?.same.get(name) ?? name;
  for (const [name, array] of state) {
    if (!isMatrix(array)) continue;
    const reason = named.includes(name) ? undefined : whyNoLayer(name, array, state);
    // A tied embedding is a layer when its other name is one.
    if (taken.has(sameAs(name))) continue;
    if (reason === undefined) {
      taken.add(sameAs(name));
      layers.push({ name, kind: array.shape.length === 2 ? "linear" : "conv", shape: array.shape });
    } else others.push({ name, reason });
  }
  return { layers, others: others.filter(({ name }) => !taken.has(sameAs(name))) };
}

function isMatrix({ shape, dtype }: HostArray): boolean {
  return shape.length >= 2 && elementCount(shape) > 0 && /^b?float/.test(dtype);
}

/** Modules that are tables of vectors by custom. */
const embedding =
  /(^|\.|_)(embed\w*|\w*embed(ding)?s?|emb|wte|wpe|tok|tokens?|pos|positions?|shared|table|codebook|lookup)\.weight$/i;

function whyNoLayer(name: string, { shape }: HostArray, state: StateDict): string | undefined {
  if (name !== "weight" && !name.endsWith(".weight")) return "it is not called weight";
  const beside = (sibling: string) => state.get(`${name.slice(0, -"weight".length)}${sibling}`);
  if (beside("running_mean") !== undefined) return "it has running statistics beside it: batch norm";
  const bias = beside("bias");
  if (bias !== undefined && sameShape(bias.shape, shape)) return "its bias has the same shape: layer norm";
  if (bias !== undefined && bias.shape.length !== 1) return "its bias has more than one dimension";
  if (bias !== undefined || shape.length !== 2) return undefined;
  if (embedding.test(name)) return "it is called like an embedding";
  if (!linear.test(name) && isAloneWithoutBias(name, state))
    return "it has no bias where all other matrices have one: perhaps an embedding";
  return undefined;
}

/** Modules that are linear layers by custom, with a bias or without. */
const linear =
  /(^|\.|_)(fc|lin|linear|dense|\w*proj(ection)?|\w*head|classifier|logits|mlp|ffn?|qkv?|[kvo]|query|key|value|out|output|gate|up|down|\w*coder)_?\d*\.weight$/i;

/** Whether the other matrices, one at least, all have biases: an embedding of any name would look so among linear layers. */
function isAloneWithoutBias(name: string, state: StateDict): boolean {
  const others = [...state].filter(
    ([other, array]) =>
      other !== name &&
      other.endsWith("weight") &&
      isMatrix(array) &&
      array.shape.length === 2 &&
      !embedding.test(other),
  );
  return (
    others.length > 0 && others.every(([other]) => state.get(other.replace(/weight$/, "bias"))?.shape.length === 1)
  );
}

const parametrisations = [
  { made: ".weight_g", from: ".weight_v", what: "weight norm", fix: "torch.nn.utils.remove_weight_norm(module)" },
  {
    made: ".weight_orig",
    from: ".weight_u",
    what: "spectral norm",
    fix: "torch.nn.utils.remove_spectral_norm(module)",
  },
] as const;

/** A weight that a hook makes from others is not in the file: its parts must not be pruned or compared in its place. */
function checkParametrised(state: StateDict): void {
  const issues = [...state.keys()].flatMap((name) => {
    const old = parametrisations.find(
      ({ made, from }) =>
        `.${name}`.endsWith(made) && state.has(`${name.slice(0, name.length - made.length + 1)}${from.slice(1)}`),
    );
    const isNew = /(^|\.)parametrizations\.weight\.original[0]?$/.test(name);
    if (old === undefined && !isNew) return [];
    const [what, fix] =
      old === undefined
        ? ["a parametrisation", 'torch.nn.utils.parametrize.remove_parametrizations(module, "weight")']
        : [old.what, old.fix];
    const message = `expected the weight of the layer, got ${what}, from whose arrays it is made`;
    return [{ where: name, message, hint: `in Python, before saving: ${fix}` }];
  });
  if (issues.length > 0) throw new InputError(issues);
}
