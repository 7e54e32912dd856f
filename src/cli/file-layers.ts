import { listed } from "../checkpoints/refuse.ts";
import { noTies, type Ties } from "../checkpoints/ties.ts";
import { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import type { LayerSummary } from "../models/types.ts";
import { layerRoles, unprotectedLayers } from "../spec/layers.ts";

const NONE = "none";

const kinds: Readonly<Record<(typeof layerRoles)[number], LayerSummary["kind"]>> = {
  "first-conv": "conv",
  "last-linear": "linear",
};

/**
 * The layers of a weight file that are not protected.
 * @param protect   names of layers, or roles, as a spec's `protect`; or `none` alone
 * @param isOrdered whether the layers are in the model's order: without it no role can be told
 * @param ties      names of one array: a protected name protects them all
 * @throws InputError for a name that no layer has, and for a role that the file leaves open
 */
export function unprotectedFileLayers(
  layers: readonly LayerSummary[],
  protect: readonly string[],
  isOrdered = true,
  ties: Ties = noTies,
): readonly LayerSummary[] {
  if (protect.length === 1 && protect[0] === NONE) return layers;
  const known = [NONE, ...layerRoles, ...layers.map(({ name }) => name), ...ties.same.keys(), ...ties.same.values()];
  const unknown = protect
    .filter((name) => !known.includes(name))
    .map((name) => ({
      where: "--protect",
      message: `expected the name of a layer, got "${name}"`,
      hint: suggest(name, known),
    }));
  const open = isOrdered
    ? []
    : layerRoles.filter((role) => protect.includes(role)).flatMap((role) => openRole(role, layers));
  if (unknown.length + open.length > 0) throw new InputError([...unknown, ...open]);
  const sameAs = (name: string) => ties.same.get(name) ?? name;
  const words = protect.map((word) => layers.find(({ name }) => sameAs(name) === sameAs(word))?.name ?? word);
  return unprotectedLayers(layers, words);
}

/** A safetensors file has its tensors by size and name, so that "first" and "last" are nothing that it says. */
function openRole(role: (typeof layerRoles)[number], layers: readonly LayerSummary[]) {
  const candidates = layers.filter(({ kind }) => kind === kinds[role]).map(({ name }) => name);
  if (candidates.length < 2) return [];
  return [
    {
      where: "--protect",
      message: `expected the name of the layer: the file does not say in which order its layers are, so ${role} may be any of ${listed(candidates)}`,
      hint: `--protect ${candidates[0] ?? "NAME"}, or --protect none`,
    },
  ];
}
