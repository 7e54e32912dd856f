/**
 * A pale large mark for the mean and a small one on it for every seed, from rows whose `kind` is `mean` or `seed`. Both say
 * what they are (`label`), and a seed's mark leads to its run (`href`).
 */
export function pointLayers<T extends object>(encoding: T) {
  return [
    {
      transform: [{ filter: "datum.kind === 'mean'" }],
      mark: { type: "point" as const, filled: true, size: 90, opacity: 0.35 },
      encoding: { ...encoding, description: { field: "label" } },
    },
    {
      transform: [{ filter: "datum.kind === 'seed'" }],
      mark: { type: "point" as const, filled: true, size: 14, opacity: 1 },
      encoding: { ...encoding, href: { field: "href" }, description: { field: "label" } },
    },
  ];
}
