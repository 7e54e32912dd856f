import { textWidth } from "./render.ts";
import { panel, panelColumns } from "./theme.ts";

const LABEL_SIZE = 13;
/** Symbol, gap to its label, and gap to the next column. */
const ENTRY_ROOM = 40;

/**
 * How many names of a legend fit beside each other over so many panels, so that a legend never makes a figure wider (and its
 * texts smaller in print).
 */
export function legendColumns(names: readonly string[], panels: number): number {
  const width = panel.width * Math.min(panelColumns, panels) + 40;
  for (let columns = names.length; columns > 1; columns--) {
    const widths = Array.from({ length: columns }, (_, column) =>
      Math.max(...names.filter((__, i) => i % columns === column).map((name) => textWidth(name, LABEL_SIZE))),
    );
    if (widths.reduce((sum, own) => sum + own + ENTRY_ROOM, 0) <= width) return columns;
  }
  return 1;
}
