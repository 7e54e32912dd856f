import { config, panelColumns } from "./theme.ts";

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
