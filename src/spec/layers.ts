import type { LayerSummary } from "../models/types.ts";

/** Words for layers by their role; a model without such a layer has nothing to protect there. */
export const layerRoles = ["first-conv", "last-linear"] as const;

/** The layers that masks are made for and R_p is taken over: prunable and not protected, in the model's order. */
export function unprotectedLayers(
  prunable: readonly LayerSummary[],
  protect: readonly string[],
): readonly LayerSummary[] {
  const names = new Set(protect.map((name) => layerByRole(prunable, name) ?? name));
  return prunable.filter((layer) => !names.has(layer.name));
}

function layerByRole(prunable: readonly LayerSummary[], role: string): string | undefined {
  if (role === "first-conv") return prunable.find((layer) => layer.kind === "conv")?.name;
  if (role === "last-linear") return prunable.findLast((layer) => layer.kind === "linear")?.name;
  return undefined;
}
