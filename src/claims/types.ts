/** How a claim came out; `not run` when nothing of what it needs is there. */
export type ClaimOutcome = "confirmed" | "refuted" | "undecided" | "not run";
