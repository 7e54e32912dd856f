import { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import type { LayerSummary } from "../models/types.ts";
import { layerRoles, unprotectedLayers } from "../spec/layers.ts";

const NONE = "none";

/**
 * The layers of a weight file that are not protected.
 * @param protect names of layers, or roles, as a spec's `protect`; or `none` alone
 * @throws InputError for a name that no layer has
 */
export function unprotectedFileLayers(
  layers: readonly LayerSummary[],
  protect: readonly string[],
): readonly LayerSummary[] {
  if (protect.length === 1 && protect[0] === NONE) return layers;
  const known = [NONE, ...layerRoles, ...layers.map(({ name }) => name)];
  const issues = protect
    .filter((name) => !known.includes(name))
    .map((name) => ({
      where: "--protect",
      message: `expected the name of a layer, got "${name}"`,
      hint: suggest(name, known),
    }));
  if (issues.length > 0) throw new InputError(issues);
  return unprotectedLayers(layers, protect);
}
