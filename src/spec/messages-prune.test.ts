import { expect, it } from "vitest";
import { complaint, withLine } from "./spoiled-spec.fixture.ts";

/** What is wrong, the line, its text, and the whole message. */
const cases: readonly (readonly [string, number, string, string])[] = [
  [
    "a percentage as rate",
    8,
    "  - iterative: { rate: 15, rounds: 3 }",
    "grid.yaml:8:24: prune[0].iterative.rate: expected a number above 0 and below 1, got 15\n  hint: rate is the share of the remaining weights that a round removes; for 15 % write 0.15",
  ],
  [
    "a rate without rounds",
    8,
    "  - iterative: { rate: 0.2 }",
    "grid.yaml:8:16: prune[0].iterative: expected rate and rounds, or sparsities, got no rounds\n  hint: for example { rate: 0.2, rounds: 5 } or { sparsities: [0.3, 0.5, 0.7] }",
  ],
  [
    "rounds without a rate",
    8,
    "  - iterative: { rounds: 2 }",
    "grid.yaml:8:16: prune[0].iterative: expected rate and rounds, or sparsities, got no rate\n  hint: for example { rate: 0.2, rounds: 5 } or { sparsities: [0.3, 0.5, 0.7] }",
  ],
  [
    "iterative pruning with nothing said",
    8,
    "  - iterative: {}",
    "grid.yaml:8:16: prune[0].iterative: expected rate and rounds, or sparsities, got neither\n  hint: for example { rate: 0.2, rounds: 5 } or { sparsities: [0.3, 0.5, 0.7] }",
  ],
  [
    "a rate and sparsities",
    8,
    "  - iterative: { rate: 0.2, rounds: 2, sparsities: [0.5] }",
    "grid.yaml:8:16: prune[0].iterative: expected either sparsities or rate and rounds, got both\n  hint: for example { rate: 0.2, rounds: 5 } or { sparsities: [0.3, 0.5, 0.7] }",
  ],
  [
    "no rounds",
    8,
    "  - iterative: { rate: 0.2, rounds: 0 }",
    "grid.yaml:8:37: prune[0].iterative.rounds: expected a whole number from 1 to 1000, got 0",
  ],
  [
    "a percentage as sparsity",
    8,
    "  - one-shot: { sparsities: [0.5, 85] }",
    "grid.yaml:8:35: prune[0].one-shot.sparsities[1]: expected a number above 0 and below 1, got 85\n  hint: sparsity is the share removed; for 85 % write 0.85",
  ],
  [
    "a sparsity of 1",
    8,
    "  - one-shot: { sparsities: [1] }",
    "grid.yaml:8:30: prune[0].one-shot.sparsities[0]: expected a number above 0 and below 1, got 1\n  hint: a mask must remove some weights and keep some; the dense network is always trained and needs no sparsity",
  ],
  [
    "a sparsity of 0",
    8,
    "  - one-shot: { sparsities: [0, 0.5] }",
    "grid.yaml:8:30: prune[0].one-shot.sparsities[0]: expected a number above 0 and below 1, got 0\n  hint: a mask must remove some weights and keep some; the dense network is always trained and needs no sparsity",
  ],
  [
    "a sparsity with a percent sign",
    8,
    "  - one-shot: { sparsities: [85%] }",
    'grid.yaml:8:30: prune[0].one-shot.sparsities[0]: expected a number above 0 and below 1, got "85%"\n  hint: write 0.85',
  ],
  [
    "falling sparsities",
    8,
    "  - one-shot: { sparsities: [0.5, 0.3] }",
    "grid.yaml:8:35: prune[0].one-shot.sparsities[1]: expected a value above 0.5 (the list must increase), got 0.3",
  ],
  [
    "the same sparsity twice",
    8,
    "  - iterative: { sparsities: [0.5, 0.5] }",
    "grid.yaml:8:36: prune[0].iterative.sparsities[1]: expected each value once, got 0.5",
  ],
  [
    "an empty list of sparsities",
    8,
    "  - one-shot: { sparsities: [] }",
    "grid.yaml:8:29: prune[0].one-shot.sparsities: expected a list of sparsities, for example [0.5, 0.8], got an empty list",
  ],
  [
    "one sparsity without a list",
    8,
    "  - one-shot: { sparsities: 0.5 }",
    "grid.yaml:8:29: prune[0].one-shot.sparsities: expected a list of sparsities, for example [0.5, 0.8], got 0.5",
  ],
  [
    "an unknown pruning kind",
    8,
    "  - oneshot: { sparsities: [0.5] }",
    'grid.yaml:8:5: prune[0].oneshot: unknown field "oneshot"\n  hint: did you mean "one-shot"?',
  ],
  [
    "two kinds in one entry",
    8,
    "  - { iterative: { rate: 0.2, rounds: 3 }, one-shot: { sparsities: [0.5] } }",
    "grid.yaml:8:5: prune[0]: expected exactly one of iterative, one-shot and admm, got iterative and one-shot\n  hint: write one entry for each",
  ],
  [
    "no kind in an entry",
    8,
    "  - {}",
    "grid.yaml:8:5: prune[0]: expected exactly one of iterative, one-shot and admm, got none\n  hint: write one entry for each",
  ],
  [
    "a kind of pruning as a word",
    8,
    "  - one-shot",
    'grid.yaml:8:5: prune[0]: expected a mapping with iterative, one-shot or admm, got "one-shot"\n  hint: for example { one-shot: { sparsities: [0.5, 0.8] } }',
  ],
  [
    "the same pruning twice",
    8,
    "  - iterative: { rate: 0.2, rounds: 3 }\n  - iterative: { rounds: 3, rate: 0.2 }",
    "grid.yaml:9:5: prune[1]: expected each pruning setting once, got the same one again",
  ],
  [
    "admm as a word",
    8,
    "  - admm",
    'grid.yaml:8:5: prune[0]: expected a mapping with iterative, one-shot or admm, got "admm"\n  hint: for example { admm: { sparsities: [0.5, 0.8] } }',
  ],
  [
    "a number as an entry",
    8,
    "  - 0.5",
    "grid.yaml:8:5: prune[0]: expected a mapping with iterative, one-shot or admm, got 0.5",
  ],
  [
    "admm without sparsities",
    8,
    "  - admm: { rho: 1e-3 }",
    "grid.yaml:8:5: prune[0].admm.sparsities: expected a list of sparsities, for example [0.5, 0.8], got nothing",
  ],
  [
    "admm that is no mapping",
    8,
    "  - admm: [0.5]",
    "grid.yaml:8:11: prune[0].admm: expected a mapping with sparsities, got a list",
  ],
  [
    "a percentage as sparsity of admm",
    8,
    "  - admm: { sparsities: [50] }",
    "grid.yaml:8:26: prune[0].admm.sparsities[0]: expected a number above 0 and below 1, got 50\n  hint: sparsity is the share removed; for 50 % write 0.5",
  ],
  [
    "a rho of 0",
    8,
    "  - admm: { sparsities: [0.5], rho: 0 }",
    "grid.yaml:8:37: prune[0].admm.rho: expected a number above 0, got 0",
  ],
  [
    "a rho that falls",
    8,
    "  - admm: { sparsities: [0.5], growth: 0.1 }",
    "grid.yaml:8:40: prune[0].admm.growth: expected a number of at least 1, got 0.1",
  ],
  [
    "half a stage",
    8,
    "  - admm: { sparsities: [0.5], stages: 0.5 }",
    "grid.yaml:8:40: prune[0].admm.stages: expected a whole number from 1 to 100, got 0.5",
  ],
  [
    "stages without epochs",
    8,
    "  - admm: { sparsities: [0.5], epochsPerStage: 0 }",
    "grid.yaml:8:48: prune[0].admm.epochsPerStage: expected a whole number of at least 1, got 0",
  ],
  [
    "a learning rate factor of 0",
    8,
    "  - admm: { sparsities: [0.5], lrFactor: 0 }",
    "grid.yaml:8:42: prune[0].admm.lrFactor: expected a number above 0, got 0",
  ],
  [
    "a misspelt field of admm",
    8,
    "  - admm: { sparsities: [0.5], epochPerStage: 3 }",
    'grid.yaml:8:32: prune[0].admm.epochPerStage: unknown field "epochPerStage"\n  hint: did you mean "epochsPerStage"?',
  ],
  [
    "a pruner for admm, which has its own criterion",
    8,
    "  - admm: { sparsities: [0.5], pruner: magnitude }",
    'grid.yaml:8:32: prune[0].admm.pruner: unknown field "pruner"\n  hint: known: sparsities, rho, growth, stages, epochsPerStage, lrFactor',
  ],
  [
    "the same admm twice, once with its defaults written out",
    8,
    "  - admm: { sparsities: [0.5] }\n  - admm: { sparsities: [0.5], rho: 1e-4, lrFactor: 0.1 }",
    "grid.yaml:9:5: prune[1]: expected each pruning setting once, got the same one again",
  ],
  [
    "three kinds in one entry",
    8,
    "  - { iterative: { rate: 0.2, rounds: 3 }, one-shot: { sparsities: [0.5] }, admm: { sparsities: [0.5] } }",
    "grid.yaml:8:5: prune[0]: expected exactly one of iterative, one-shot and admm, got iterative and one-shot and admm\n  hint: write one entry for each",
  ],
  [
    "admm masks that keep nothing of a layer",
    8,
    "  - admm: { sparsities: [0.5, 0.9999] }",
    "grid.yaml:8:31: prune[0].admm.sparsities[1]: expected a sparsity that keeps a weight in every layer, got 0.9999: it keeps none of the 512 weights of layer2.0.shortcut.0.weight\n  hint: prune less, or protect this layer",
  ],
  [
    "an unknown option of a pruner",
    8,
    "  - iterative: { rate: 0.2, rounds: 3, pruner: { name: magnitude, norm: 1 } }",
    'grid.yaml:8:67: prune[0].iterative.pruner.norm: unknown field "norm"\n  hint: no option is known here',
  ],
];

it.each(cases)("says what is wrong with prune: %s", (_, number, text, message) => {
  const found = complaint(withLine(number, text));
  // Lists of all known names may grow: of these only the beginning is asked.
  expect(message.includes("known: ") ? found.slice(0, message.length) : found).toBe(message);
});
