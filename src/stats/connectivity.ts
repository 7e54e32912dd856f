/** Networks whose barrier is below so many percentage points count as linearly connected: their training was stable to its noise. */
export const STABLE_BARRIER = 2;

/** Test error in percent, without the dust of floating point: 16, not 16.000000000000004. @param accuracy in [0, 1] */
export function errorPercent(accuracy: number): number {
  return Number((100 * (1 - accuracy)).toPrecision(12));
}

/**
 * Error barrier between two networks: how much the error on the straight line between them rises above the mean of theirs. Measured at
 * the given points only, so it is a lower bound of the supremum over the whole line.
 * @param errors test errors at points from one network to the other, both included; in percent
 * @returns      max over the points of E(a) - (E(0) + E(1)) / 2, in percentage points; at least half the difference of the ends
 * @throws       RangeError for fewer than two errors
 * @source Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", ICML 2020, section 2
 */
export function errorBarrier(errors: readonly number[]): number {
  const [first, last] = [errors[0], errors.at(-1)];
  if (first === undefined || last === undefined || errors.length < 2)
    throw new RangeError(`errorBarrier(): expected the errors of both networks, got ${errors.length}`);
  return Math.max(...errors) - (first + last) / 2;
}
