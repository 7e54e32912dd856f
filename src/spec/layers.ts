import type { LayerSummary } from "../models/types.ts";

/** Words for layers by their role; a model without such a layer has nothing to protect there. */
export const layerRoles = ["first-conv", "last-linear"] as const;

/** The layers that masks are made for and R_p is taken over: prunable and not protected, in the model's order. */
export function unprotectedLayers(
  prunable: readonly LayerSummary[],
  protect: readonly string[],
): readonly LayerSummary[] {
  const names = protectedLayers(prunable, protect);
  return prunable.filter((layer) => !names.has(layer.name));
}

/** Names of the layers that are protected, each with the word of `protect` that says so: a role, or the name itself. */
export function protectedLayers(
  prunable: readonly LayerSummary[],
  protect: readonly string[],
): ReadonlyMap<string, string> {
  return new Map(protect.map((word) => [layerByRole(prunable, word) ?? word, word]));
}

function layerByRole(prunable: readonly LayerSummary[], role: string): string | undefined {
  if (role === "first-conv") return prunable.find((layer) => layer.kind === "conv")?.name;
  if (role === "last-linear") return prunable.findLast((layer) => layer.kind === "linear")?.name;
  return undefined;
}
