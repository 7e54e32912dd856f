import { CLOSE, REWIND_SHARE, SPARSITIES } from "./margins.ts";
import type { ArmPlace, ClaimSetting, PruningKind } from "./setting.ts";
import { accuracyPart, all, claimMasks, maskAt, required } from "./statements.ts";
import type { Claim } from "./types.ts";

const UNIT = "accuracy points";
const RANGE = `sparsities ${SPARSITIES.from} to ${SPARSITIES.to}`;
const higher = { relation: "above" as const, bound: 0 };
const ORDER_MARGIN =
  "None: the claim is an order, so the sign of the mean difference decides, and its size stands beside it.";

/** Claim 2: dense training at the two learning rates. */
export const denseRates: Claim = {
  id: 2,
  words: "Dense accuracy at the desirable learning rate is higher than at the insufficient one.",
  formula: "dense(high) − dense(low) > 0",
  source: "Section 3, all accuracy figures",
  rule: "Confirmed when the difference is established to be above 0, refuted when it is established to be below.",
  margin: ORDER_MARGIN,
  proposition: (setting) => {
    const { low, high } = setting;
    const parts = accuracyPart(setting, { a: { lr: high, start: "dense" }, b: { lr: low, start: "dense" }, ...higher });
    return all("dense accuracy", required("dense at two learning rates", UNIT, parts));
  },
};

const kinds: readonly PruningKind[] = ["iterative", "admm", "one-shot"];

/** Claim 5: pruning & fine-tuning against both sparse trainings. */
export const fineTuning: Claim = {
  id: 5,
  words:
    "At the desirable learning rate pruning & fine-tuning beats both sparse trainings, for each of the three algorithms.",
  formula: `fine-tune − ticket > 0 and fine-tune − reinit > 0 at high, at every mask of ${RANGE} by iterative, ADMM and one-shot pruning`,
  source: "Figures 6, A7-A10",
  rule:
    "Confirmed when every part is established and all three algorithms were run, refuted when a sparse training is established to be " +
    "better at one mask.",
  margin: ORDER_MARGIN,
  proposition: (setting) => {
    const lr = setting.high;
    return all(
      "fine-tuning",
      kinds.flatMap((kind) =>
        (["ticket", "reinit"] as const).flatMap((start) =>
          required(
            `fine-tune and ${start} under ${kind} masks`,
            UNIT,
            claimMasks(setting, kind, lr).flatMap((mask) =>
              accuracyPart(setting, { a: { lr, start: "fine-tune", mask }, b: { lr, start, mask }, ...higher }),
            ),
          ),
        ),
      ),
    );
  },
};

/** Claim 6: which algorithm finds the better masks. */
export const maskQuality: Claim = {
  id: 6,
  words: "Mask quality: ADMM ≥ iterative ≥ one-shot, for fine-tuning and for winning tickets.",
  formula:
    `ADMM − iterative > −${CLOSE} and iterative − one-shot > −${CLOSE} at high, for fine-tune and for ticket, at every sparsity of ` +
    `${SPARSITIES.from} to ${SPARSITIES.to} that both algorithms have (the first iterative round is the one-shot mask, so it is left out there)`,
  source: "Figures 7, A11, A12",
  rule: "Confirmed when every part is established (not inferior), refuted when one is established to be inferior by more than the margin.",
  margin: `${CLOSE} points: ≥ is non-inferiority, and what counts as equal accuracy counts here too.`,
  proposition: (setting) => {
    const pairs = [
      ["admm", "iterative"],
      ["iterative", "one-shot"],
    ] as const;
    return all(
      "mask quality",
      pairs.flatMap(([better, worse]) =>
        (["fine-tune", "ticket"] as const).flatMap((start) =>
          required(`${start} under ${better} and ${worse} masks`, UNIT, qualityParts(setting, better, worse, start)),
        ),
      ),
    );
  },
};

function qualityParts(setting: ClaimSetting, better: PruningKind, worse: PruningKind, start: "fine-tune" | "ticket") {
  const lr = setting.high;
  const others = claimMasks(setting, worse, lr);
  return claimMasks(setting, better, lr).flatMap((mask) => {
    const other = maskAt(others, mask.sparsity);
    // One network against itself shows nothing.
    if (other === undefined || (mask.isOneStep && other.isOneStep)) return [];
    return accuracyPart(setting, {
      a: { lr, start, mask },
      b: { lr, start, mask: other },
      relation: "above",
      bound: -CLOSE,
    });
  });
}

/** Claim 8: what rewinding adds to a ticket, and fine-tuning to rewinding. */
export const rewinding: Claim = {
  id: 8,
  words:
    "Fine-tuning is more accurate than rewinding (to epoch 10 of 150), and rewinding more than the winning ticket.",
  formula: `fine-tune − rewind > 0 and rewind − ticket > 0 at high, at every ADMM mask of ${RANGE}; the rewinding point nearest to T/15`,
  source: "Figure A13",
  rule: "Confirmed when every part is established, refuted when the opposite order is established at one mask.",
  margin: ORDER_MARGIN,
  proposition: (setting) => {
    const lr = setting.high;
    const distance = (epoch: number) => Math.abs(epoch - REWIND_SHARE * setting.epochs);
    const [rewindEpoch] = [...setting.rewindEpochs].sort((a, b) => distance(a) - distance(b));
    const masks = claimMasks(setting, "admm", lr);
    const steps = (better: ArmPlace["start"], worse: ArmPlace["start"]) =>
      required(
        `${better} and ${worse} under ADMM masks`,
        UNIT,
        masks.flatMap((mask) => {
          const place = (start: ArmPlace["start"]) => ({
            lr,
            start,
            mask,
            ...(start === "rewind" && rewindEpoch !== undefined ? { rewindEpoch } : {}),
          });
          return accuracyPart(setting, { a: place(better), b: place(worse), ...higher });
        }),
      );
    return all("rewinding", [...steps("fine-tune", "rewind"), ...steps("rewind", "ticket")]);
  },
};
