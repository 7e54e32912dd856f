/**
 * Holm's step-down correction: adjusted p-values, in the order given. Rejecting where the adjusted value is <= alpha keeps the
 * chance of any false rejection in the family <= alpha, whatever the dependence between the tests.
 * @param pValues raw p-values of one family, each in [0, 1]
 * @source Holm, Scandinavian Journal of Statistics 6, 1979
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] as number) - (pValues[j] as number));
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * (pValues[i] as number)));
    adjusted[i] = largest;
  }
  return adjusted;
}
