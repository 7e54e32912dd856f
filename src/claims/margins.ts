/** Both errors of every claim: confirming it wrongly and refuting it wrongly. */
export const ALPHA = 0.05;

/**
 * Accuracy points within which two accuracies count as equal: "close to dense", "fails to reach dense", "at least as good". The test set
 * of CIFAR has 10,000 images, so one accuracy has a sampling error of 0.3 points; half a point is also the paper's reading of its curves.
 */
export const CLOSE = 0.5;

/** Accuracy points from which a ticket counts as notably better than random reinitialisation: more than what counts as equal. */
export const NOTABLE = 0.5;

/**
 * Percent points of R_p within which it counts as being at its null ("about 0.2", "close to p"), and beyond which it is above it. The
 * paper's Table 1 calls 20.1 to 20.4 % uncorrelated against 20 %; its correlated values lie 8 points and more above their null.
 */
export const NEAR_NULL = 3;

/** Percent points of R_p above its null from which it is well above: a fifth of what R_0.5 can show at all (50 points). */
export const WELL_ABOVE_NULL = 10;

/**
 * Sparsities that the claims are about, ends included. Below 0.3, the smallest of the paper's Figure 5, hardly anything is pruned and the
 * property is trivial; its curves end at 0.86, and beyond 0.9 every start collapses.
 */
export const SPARSITIES = { from: 0.3, to: 0.9 } as const;

/** Claim 9's "from sparsity 0.5 on". */
export const HALF = 0.5;

/** The shares p that Figure 4 shows. */
export const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5] as const;

/** The share that the paper takes under masks. */
export const SHARE = 0.2;

/** Masks of two algorithms are compared when their sparsities differ by at most this. */
export const SAME_SPARSITY = 0.01;

/** The paper's rewinding point as a share of the training: epoch 10 of 150. */
export const REWIND_SHARE = 10 / 150;
