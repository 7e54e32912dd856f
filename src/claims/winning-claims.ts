import { CLOSE, HALF, NOTABLE, SPARSITIES } from "./margins.ts";
import type { ClaimSetting, MaskId } from "./setting.ts";
import { accuracyPart, all, any, claimMasks, isAtLeast, required } from "./statements.ts";
import type { Claim } from "./types.ts";

const RANGE = `sparsities ${SPARSITIES.from} to ${SPARSITIES.to}`;

/** Claim 1: the winning property at the two learning rates. */
export const winningAtRates: Claim = {
  id: 1,
  words:
    "The winning property holds at the insufficient learning rate and fails at the desirable one (iterative pruning).",
  formula:
    `W(lr) = some sparsity has ticket − dense > −${CLOSE} and ticket − reinit > ${NOTABLE}; the claim is W(low) and not W(high), ` +
    `over the iterative masks at ${RANGE}`,
  source: "Figures 2, A1",
  rule:
    "Confirmed when at the low rate both conditions are established at one sparsity at least (after correction over the sparsities), and " +
    "at the high rate the opposite of one condition at every sparsity. Refuted when at the low rate the opposite of one condition is " +
    "established at every sparsity, or at the high rate both conditions at one.",
  margin: `${CLOSE} points for close to dense, ${NOTABLE} points for notably above reinit, the defaults of every verdict of ours.`,
  proposition: (setting) => {
    const { high } = setting;
    const failed = plannedMasks(setting, high).map((mask) =>
      any(`lr ${high}, ${mask.label}: one condition fails`, failures(setting, high, mask)),
    );
    return all("winning property", [
      isException(setting) ? exceptionAtLow(setting) : holdsAtLow(setting),
      all("fails at the high rate at every sparsity", required(`${STARTS} at a high learning rate`, UNIT, failed)),
    ]);
  },
  note: (setting) =>
    isException(setting)
      ? "The paper states this exception: at the low rate the tickets of MobileNet-V2 on CIFAR-100 beat reinit but fail to reach dense. " +
        "The low half of the claim is that here."
      : undefined,
};

const STARTS = "ticket and reinit under iterative masks";
const UNIT = "accuracy points";

function holdsAtLow(setting: ClaimSetting) {
  const { low } = setting;
  const held = plannedMasks(setting, low).map((mask) =>
    all(`lr ${low}, ${mask.label}: both conditions`, conditions(setting, low, mask)),
  );
  return any("holds at the low rate at some sparsity", required(`${STARTS} at a low learning rate`, UNIT, held));
}

function exceptionAtLow(setting: ClaimSetting) {
  const { low } = setting;
  const masks = plannedMasks(setting, low);
  const under = (judge: Judge) =>
    required(
      `${STARTS} at a low learning rate`,
      UNIT,
      masks.flatMap((mask) => judge(setting, low, mask)),
    );
  return all("at the low rate tickets beat reinit, but fail to reach dense", [
    any("notably above reinit at some sparsity", under(aboveReinit)),
    all("below dense at every sparsity", under(belowDense)),
  ]);
}

function isException({ model, data }: ClaimSetting): boolean {
  return model === "mobilenet-v2" && data === "cifar100";
}

/** Masks with both starts of the property. */
function plannedMasks(setting: ClaimSetting, lr: number | undefined): readonly MaskId[] {
  const isPlanned = (mask: MaskId) =>
    (["ticket", "reinit"] as const).every((start) => setting.accuracy({ lr, start, mask }) !== undefined);
  return claimMasks(setting, "iterative", lr).filter(isPlanned);
}

type Judge = (setting: ClaimSetting, lr: number | undefined, mask: MaskId) => ReturnType<typeof accuracyPart>;

const against =
  (start: "dense" | "reinit", relation: "above" | "below", bound: number): Judge =>
  (setting, lr, mask) =>
    accuracyPart(setting, {
      a: { lr, start: "ticket", mask },
      b: start === "dense" ? { lr, start } : { lr, start, mask },
      relation,
      bound,
    });

const closeToDense = against("dense", "above", -CLOSE);
const belowDense = against("dense", "below", -CLOSE);
const aboveReinit = against("reinit", "above", NOTABLE);
const notAboveReinit = against("reinit", "below", NOTABLE);
const conditions: Judge = (...at) => [...closeToDense(...at), ...aboveReinit(...at)];
const failures: Judge = (...at) => [...belowDense(...at), ...notAboveReinit(...at)];

/** Claim 9: what the desirable learning rate does to the sparse trainings. */
export const sparseRates: Claim = {
  id: 9,
  words:
    "Both sparse trainings (ticket and reinit) are more accurate at the desirable learning rate than at the insufficient one; tickets " +
    "at the desirable rate fail to reach dense from sparsity 0.5 on.",
  formula:
    `ticket(high) − ticket(low) > 0 and reinit(high) − reinit(low) > 0 at every iterative mask of ${RANGE}; ticket(high) − dense(high) ` +
    `< −${CLOSE} at those from ${HALF} on`,
  source: "Figures 2, A1",
  rule: "Confirmed when every part is established, refuted when the opposite of one part is.",
  margin: `None for the order of two accuracies; ${CLOSE} points for failing to reach dense, the opposite of claim 1's close to dense.`,
  proposition: (setting) => {
    const { low, high } = setting;
    const masks = claimMasks(setting, "iterative", high);
    const rises = (["ticket", "reinit"] as const).flatMap((start) =>
      required(
        `${start} under iterative masks at two learning rates`,
        UNIT,
        masks.flatMap((mask) =>
          accuracyPart(setting, {
            a: { lr: high, start, mask },
            b: { lr: low, start, mask },
            relation: "above",
            bound: 0,
          }),
        ),
      ),
    );
    const fallsShort = required(
      `ticket under iterative masks from sparsity ${HALF} on`,
      UNIT,
      masks.filter(({ sparsity }) => isAtLeast(sparsity, HALF)).flatMap((mask) => belowDense(setting, high, mask)),
    );
    return all("sparse trainings", [...rises, ...fallsShort]);
  },
};
