/** Id of a stage's row in the report's table of runs. */
export function runAnchor(key: string): string {
  return `run-${key.slice(0, 12)}`;
}

/** Where a mark leads: from a drawing in `figures/` to the row of its run in the report beside that folder. */
export function runLink(key: string): string {
  return `../report.html#${runAnchor(key)}`;
}
