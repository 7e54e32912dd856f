/** A pale large mark for the mean and a small one on it for every seed, from rows whose `kind` is `mean` or `seed`. */
export function pointLayers<T extends object>(encoding: T) {
  return [
    {
      transform: [{ filter: "datum.kind === 'mean'" }],
      mark: { type: "point" as const, filled: true, size: 90, opacity: 0.35 },
      encoding,
    },
    {
      transform: [{ filter: "datum.kind === 'seed'" }],
      mark: { type: "point" as const, filled: true, size: 14, opacity: 1 },
      encoding,
    },
  ];
}
