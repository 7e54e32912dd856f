import type { Setting, Spec } from "../spec/types.ts";

/**
 * What the user's own weights mean for the verdicts, as sentences: what the seeds no longer vary, and what cannot be tested without θ0.
 * Empty where all weights are drawn and trained here.
 */
export function givenWeightsSentences({ variants }: Spec): readonly string[] {
  return [...new Set(variants.flatMap(({ setting }) => sentences(setting)))];
}

function sentences({ weights, prune }: Setting): readonly string[] {
  const { initial, trained } = weights ?? {};
  const start =
    initial === undefined
      ? []
      : [
          `Initial weights are those of ${initial.path} for every seed: what is found is about this θ0, and its seeds differ in the order of the data and in what is drawn anew.`,
        ];
  if (trained === undefined) return start;
  const end = `Dense is the network of ${trained.path}, trained elsewhere and measured here, the same for every seed: differences from it are those from this one network, without the spread of its training.`;
  if (initial !== undefined) return [...start, end];
  const masks = prune.length === 0 ? "" : " Masks, fine-tuning and random reinitialisation on them can.";
  return [
    end,
    `Not tested, for want of the θ0 that its training began with: tickets and with them the winning property, R_p(θ0, θT), and R_p of tickets.${masks}`,
  ];
}
