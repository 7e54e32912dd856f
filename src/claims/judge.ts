import { mixedNotes } from "../analysis/mixed.ts";
import type { Results } from "../analysis/types.ts";
import { judge, seedsToDecide, statementsOf } from "../stats/proposition.ts";
import { denseRates, fineTuning, maskQuality, rewinding } from "./accuracy-claims.ts";
import { admmCaution, distinctPrunings } from "./admm.ts";
import { fineTuneCorrelation, preTraining, ticketCorrelation } from "./correlation-claims.ts";
import { refuseGivenWeights } from "./given-weights.ts";
import { ALPHA } from "./margins.ts";
import { type ClaimSetting, claimSettings } from "./setting.ts";
import type { Claim, ClaimOutcome, ClaimsResult, ClaimVerdict } from "./types.ts";
import { sparseRates, winningAtRates } from "./winning-claims.ts";

/** The paper's claims 1 to 9, in order. */
export const claims: readonly Claim[] = [
  winningAtRates,
  denseRates,
  preTraining,
  ticketCorrelation,
  fineTuning,
  maskQuality,
  fineTuneCorrelation,
  rewinding,
  sparseRates,
];

/**
 * Judges every claim in every setting of the results, each by itself.
 * @param results of one or several plans; runs that they share are counted once
 * @param scale   what the results are a scaled form of, for every output
 */
export function judgeClaims(results: readonly Results[], scale: string): ClaimsResult {
  for (const { spec } of results)
    refuseGivenWeights(spec, "claims are about networks whose weights are drawn and trained here");
  const settings = claimSettings(results);
  const verdicts = claims.flatMap((claim) => settings.map((setting) => judgeClaim(claim, setting)));
  return { alpha: ALPHA, scale, settings, notes: mixedNotes(results), verdicts };
}

/** Judges one claim in one setting. */
export function judgeClaim(claim: Claim, setting: ClaimSetting): ClaimVerdict {
  const proposition = claim.proposition(setting);
  const judged = judge(proposition, ALPHA);
  const run = statementsOf(proposition).filter(({ differences }) => differences.length > 0);
  const words = { holds: "confirmed", fails: "refuted", undecided: "undecided" } as const;
  const outcome: ClaimOutcome = run.length > 0 ? words[judged.outcome] : "not run";
  const note = claim.note?.(setting);
  const caution = admmCaution(distinctPrunings(run.flatMap(({ admm = [] }) => admm)));
  return {
    claim,
    setting,
    outcome,
    judged,
    seedsToDecide: outcome === "undecided" ? seedsToDecide(proposition, ALPHA) : null,
    ...(note === undefined ? {} : { note }),
    ...(caution === undefined ? {} : { caution }),
  };
}
