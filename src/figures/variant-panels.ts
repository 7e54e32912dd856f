import type { Results } from "../analysis/types.ts";
import { config, panelColumns } from "./theme.ts";

/** Labels of the variants that have something to show, in the spec's order: each is a panel. */
export function variantsWithRows({ spec }: Results, rows: readonly { readonly variant: string }[]): readonly string[] {
  return spec.variants.map(({ label }) => label).filter((label) => rows.some(({ variant }) => variant === label));
}

/**
 * The frame of a figure with one panel per variant; the caller adds `spec`, what is in a panel.
 * @param rows one object per mark, each with the variant's label in `variant`
 */
export function variantPanels(description: string, variants: readonly string[], rows: readonly object[]) {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description,
    config,
    data: { values: rows.map((row) => ({ ...row })) },
    facet: { field: "variant", type: "nominal" as const, sort: [...variants], header: { title: null } },
    columns: Math.min(panelColumns, variants.length),
    spacing: 28,
  };
}
