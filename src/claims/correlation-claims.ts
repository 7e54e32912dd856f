import { measureFormulas } from "../analysis/correlations.ts";
import type { Measure } from "../plan/types.ts";
import { HALF, NEAR_NULL, SHARE, SHARES, SPARSITIES, WELL_ABOVE_NULL } from "./margins.ts";
import type { ClaimSetting, MaskId } from "./setting.ts";
import { all, claimMasks, correlationPart, maskAt, required } from "./statements.ts";
import type { Claim } from "./types.ts";

const UNIT = "R_p points";
const above = (bound: number) => ({ relation: "above" as const, bound });
const near = { relation: "within" as const, bound: NEAR_NULL };
type Asked = typeof near | ReturnType<typeof above>;

/** Claim 3: what pre-training leaves of the initial weights. */
export const preTraining: Claim = {
  id: 3,
  words: "R_p(θ0, θT) is well above p at the insufficient learning rate and close to p at the desirable one.",
  formula: `R_p(θ0, θT) − null > ${WELL_ABOVE_NULL} at low, |R_p(θ0, θT) − null| < ${NEAR_NULL} at high, in percent points, for p = ${SHARES.join(", ")}`,
  source: "Figures 4, A2",
  rule: "Confirmed when every measured p of both rates is established, refuted when the opposite of one is.",
  margin:
    `${WELL_ABOVE_NULL} points for well above, a fifth of what R_0.5 can show at all; ${NEAR_NULL} points for close, as the paper ` +
    "calls 20.4 % against 20 % uncorrelated. The null of two dense weight sets is p, up to rounding.",
  proposition: (setting) => {
    const at = (lr: number | undefined, hypothesis: Asked) =>
      SHARES.flatMap((p) =>
        correlationPart(setting, { lr, measure: "pre-training", p }, pairText("pre-training"), hypothesis),
      );
    const { low, high } = setting;
    return all("pre-training", [
      ...required("R_p(θ0, θT) at a low learning rate", UNIT, at(low, above(WELL_ABOVE_NULL))),
      ...required("R_p(θ0, θT) at a high learning rate", UNIT, at(high, near)),
    ]);
  },
};

/** Claim 4: which start resembles the fine-tuned weights under the mask. */
export const ticketCorrelation: Claim = {
  id: 4,
  words:
    "R_0.2(θ0⊙m, (θT⊙m)T) is above 0.2 at the insufficient learning rate; for random reinitialisation, and for both at the desirable " +
    "rate, it is about 0.2.",
  formula:
    `R_${SHARE}(ticket) − null > ${NEAR_NULL} at low; |R_${SHARE}(reinit) − null| < ${NEAR_NULL} at low; both within ±${NEAR_NULL} at ` +
    `high, in percent points, at every iterative mask of sparsities ${SPARSITIES.from} to ${SPARSITIES.to}`,
  source: "Figures 5c, 5d, A4-A6",
  rule: "Confirmed when every part is established, refuted when the opposite of one is.",
  margin: `${NEAR_NULL} points: what is within them counts as about 0.2, so above means beyond them. The null under one mask is p of the weights it keeps.`,
  proposition: (setting) => {
    const under = (lr: number | undefined, measure: "ticket" | "reinit", hypothesis: Asked) =>
      required(
        `R_${SHARE} of ${measure} under iterative masks at a ${lr === setting.high ? "high" : "low"} learning rate`,
        UNIT,
        claimMasks(setting, "iterative", lr).flatMap((mask) => underMask(setting, lr, measure, mask, hypothesis)),
      );
    const { low, high } = setting;
    return all("correlation of the starts", [
      ...under(low, "ticket", above(NEAR_NULL)),
      ...under(low, "reinit", near),
      ...under(high, "ticket", near),
      ...under(high, "reinit", near),
    ]);
  },
};

/** Claim 7: Table 1, against the null that the mask leaves. */
export const fineTuneCorrelation: Claim = {
  id: 7,
  words: "(θT⊙m)T is uncorrelated with θ0 and correlated with θT.",
  formula:
    `|R_${SHARE}((θT⊙m)T, θ0) − null| < ${NEAR_NULL} and R_${SHARE}((θT⊙m)T, θT) − null > ${NEAR_NULL}, in percent points, at high, ` +
    `ADMM masks of sparsity ${HALF}; the null is the conditional one, given the mask`,
  source: "Table 1",
  rule: "Confirmed when both parts are established, refuted when the opposite of one is.",
  margin: `${NEAR_NULL} points, as in claim 4.`,
  proposition: (setting) => {
    const mask = maskAt(setting.masks("admm", setting.high), HALF);
    const part = (measure: "fine-tune to initial" | "fine-tune to pre-trained", hypothesis: Asked) =>
      required(
        `R_${SHARE}(${pairText(measure)}) under an ADMM mask of sparsity ${HALF}`,
        UNIT,
        mask === undefined ? [] : underMask(setting, setting.high, measure, mask, hypothesis),
      );
    return all("fine-tuned weights", [
      ...part("fine-tune to initial", near),
      ...part("fine-tune to pre-trained", above(NEAR_NULL)),
    ]);
  },
  note: (setting) => {
    const mask = maskAt(setting.masks("admm", setting.high), HALF);
    if (mask === undefined) return undefined;
    return (
      `The paper reads Table 1 against p = 20 %. But the mask keeps the largest weights of θT, and (θT⊙m)T has its largest inside the ` +
      `mask, so even independent weights overlap with θT in about 20 % / (1 − ${HALF}) = 40 % of the places: against p the second half ` +
      "would be confirmed by any weights at all. Judged is the excess over the null given the mask."
    );
  },
};

function underMask(setting: ClaimSetting, lr: number | undefined, measure: Measure, mask: MaskId, hypothesis: Asked) {
  return correlationPart(setting, { lr, measure, p: SHARE, mask }, pairText(measure), hypothesis);
}

/** `θ0, θT`, as it stands inside R_p( ). */
function pairText(measure: Measure): string {
  return measureFormulas[measure].replace(" and ", ", ");
}
