import { expect, it } from "vitest";
import { complaint, withLine } from "./spoiled-spec.fixture.ts";

/** What is wrong, the line, its text, and the whole message. */
const cases: readonly (readonly [string, number, string, string])[] = [
  [
    "a misspelt start",
    9,
    "retrain: [ticket, fine-tuen]",
    'grid.yaml:9:19: retrain[1]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got "fine-tuen"\n  hint: did you mean "fine-tune"?',
  ],
  [
    "a number as start",
    9,
    "retrain: [1]",
    "grid.yaml:9:11: retrain[0]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got 1",
  ],
  [
    "a start twice",
    9,
    "retrain: [ticket, ticket]",
    "grid.yaml:9:19: retrain[1]: expected each start once, got the same one again",
  ],
  [
    "rewinding without an epoch",
    9,
    "retrain: [rewind]",
    'grid.yaml:9:11: retrain[0]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got "rewind"\n  hint: write { rewind: { epoch: 10 } }',
  ],
  [
    "rewinding to the end",
    9,
    "retrain: [{ rewind: { epoch: 10 } }]",
    "grid.yaml:9:30: retrain[0].rewind.epoch: expected an epoch before the end (train.epochs is 10), got 10\n  hint: rewinding to the last epoch is fine-tune",
  ],
  [
    "rewinding past the end",
    9,
    "retrain: [{ rewind: { epoch: 11 } }]",
    "grid.yaml:9:30: retrain[0].rewind.epoch: expected an epoch before the end (train.epochs is 10), got 11",
  ],
  [
    "rewinding to half an epoch",
    9,
    "retrain: [{ rewind: { epoch: 0.5 } }]",
    "grid.yaml:9:30: retrain[0].rewind.epoch: expected a whole number of at least 1, got 0.5",
  ],
  [
    "rewinding to the start",
    9,
    "retrain: [{ rewind: { epoch: 0 } }]",
    "grid.yaml:9:30: retrain[0].rewind.epoch: expected a whole number of at least 1, got 0\n  hint: starting again from epoch 0 is the winning ticket: write ticket",
  ],
  [
    "learning-rate rewinding without its length",
    9,
    "retrain: [lr-rewind]",
    'grid.yaml:9:11: retrain[0]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got "lr-rewind"\n  hint: write { lr-rewind: { epochs: 30 } }',
  ],
  [
    "more epochs of learning-rate rewinding than there are",
    9,
    "retrain: [{ lr-rewind: { epochs: 11 } }]",
    "grid.yaml:9:34: retrain[0].lr-rewind.epochs: expected at most train.epochs (10), of which they are the last, got 11",
  ],
  [
    "no epoch of learning-rate rewinding",
    9,
    "retrain: [{ lr-rewind: { epochs: 0 } }]",
    "grid.yaml:9:34: retrain[0].lr-rewind.epochs: expected a whole number of at least 1, got 0",
  ],
  [
    "a misspelt field of learning-rate rewinding",
    9,
    "retrain: [{ lr-rewind: { epoch: 3 } }]",
    'grid.yaml:9:13: retrain[0].lr-rewind.epochs: expected a whole number of at least 1, got nothing\ngrid.yaml:9:26: retrain[0].lr-rewind.epoch: unknown field "epoch"\n  hint: did you mean "epochs"?',
  ],
  [
    "scratch-E by its name",
    9,
    "retrain: [scratch-e]",
    'grid.yaml:9:11: retrain[0]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got "scratch-e"\n  hint: scratch-E is reinit: a random initialisation trained for as many epochs',
  ],
  [
    "one start without a list",
    9,
    "retrain: ticket",
    'grid.yaml:9:10: retrain: expected a list of starts, got "ticket"',
  ],
  ["zero seeds", 10, "seeds: 0", "grid.yaml:10:8: seeds: expected a whole number from 1 to 1000, got 0"],
  ["no seeds in the list", 10, "seeds: []", "grid.yaml:10:8: seeds: expected at least one seed, got an empty list"],
  ["a seed twice", 10, "seeds: [3, 1, 3]", "grid.yaml:10:15: seeds[2]: expected each seed once, got 3 again"],
  ["a negative seed", 10, "seeds: [-1]", "grid.yaml:10:9: seeds[0]: expected a whole number of at least 0, got -1"],
  [
    "seeds as a text",
    10,
    'seeds: "5"',
    'grid.yaml:10:8: seeds: expected a number of seeds or a list of seeds, got "5"\n  hint: a number is written without quotes',
  ],
  [
    "p of 1",
    10,
    "measure: { correlation: { p: [0.5, 1] } }",
    "grid.yaml:10:36: measure.correlation.p[1]: expected a number above 0 and below 1, got 1",
  ],
  [
    "p in percent",
    10,
    "measure: { correlation: { p: [20] } }",
    "grid.yaml:10:31: measure.correlation.p[0]: expected a number above 0 and below 1, got 20\n  hint: p is a share of the weights; for 20 % write 0.2",
  ],
  [
    "connectivity from the last epoch",
    10,
    "measure: { connectivity: { epochs: [0, 10] } }",
    "grid.yaml:10:40: measure.connectivity.epochs[1]: expected an epoch before the end (train.epochs is 10), got 10\n  hint: two copies of the trained network are the same",
  ],
  [
    "connectivity from no epoch",
    10,
    "measure: { connectivity: { epochs: [] } }",
    "grid.yaml:10:36: measure.connectivity.epochs: expected a list of epochs to copy the network at, for example [0, 2, 10], got an empty list",
  ],
  [
    "connectivity without epochs",
    10,
    "measure: { connectivity: { points: 11 } }",
    "grid.yaml:10:12: measure.connectivity.epochs: expected a list of epochs to copy the network at, for example [0, 2, 10], got nothing",
  ],
  [
    "connectivity at two points",
    10,
    "measure: { connectivity: { epochs: [0], points: 2 } }",
    "grid.yaml:10:49: measure.connectivity.points: expected a whole number from 3 to 101, got 2",
  ],
  [
    "alpha in percent",
    10,
    "verdict: { alpha: 5 }",
    "grid.yaml:10:19: verdict.alpha: expected a number above 0 and below 0.5, got 5\n  hint: alpha is a probability; for 5 % write 0.05",
  ],
  [
    "a margin of 0",
    10,
    "verdict: { equivalenceMargin: 0 }",
    "grid.yaml:10:31: verdict.equivalenceMargin: expected a number above 0, got 0",
  ],
  [
    "a negative difference",
    10,
    "verdict: { minDifference: -1 }",
    "grid.yaml:10:27: verdict.minDifference: expected a number of at least 0, got -1",
  ],
  ["a field left empty", 10, "verdict:", "grid.yaml:10:1: verdict: expected a mapping, got nothing"],
  ["an unknown device", 10, "device: gpu", 'grid.yaml:10:9: device: expected "cpu", "cuda" or "cuda:N", got "gpu"'],
  [
    "protect without a list",
    10,
    "protect: first-conv",
    'grid.yaml:10:10: protect: expected a list of layer names, got "first-conv"',
  ],
  [
    "a sweep of an unknown field",
    10,
    "sweep: { train.lr: [0.1] }",
    'grid.yaml:10:10: sweep.train.lr: expected a field inside data, model or train, got "train.lr"\n  hint: did you mean "train.optimizer.sgd.lr"?',
  ],
  [
    "a sweep of seeds",
    10,
    "sweep: { seeds: [1, 2] }",
    'grid.yaml:10:10: sweep.seeds: expected a field inside data, model or train, got "seeds"\n  hint: known: data, data.name, ',
  ],
  [
    "a sweep over nothing",
    10,
    "sweep: { train.epochs: [] }",
    "grid.yaml:10:24: sweep.train.epochs: expected a list of values, got an empty list",
  ],
  [
    "a sweep over one value",
    10,
    "sweep: { train.epochs: 20 }",
    "grid.yaml:10:24: sweep.train.epochs: expected a list of values, got 20\n  hint: for example [20]",
  ],
  [
    "a sweep of the wrong type",
    10,
    "sweep: { train.epochs: [20, many] }",
    'grid.yaml:10:29: sweep.train.epochs[1]: expected a whole number of at least 1, got "many"',
  ],
  [
    "a value twice in a sweep",
    10,
    "sweep: { train.epochs: [20, 20] }",
    "grid.yaml:10:29: sweep.train.epochs[1]: expected each value once, got 20 again",
  ],
  [
    "a sweep inside another",
    10,
    "sweep: { train.augment: [{ crop: 4 }], train.augment.crop: [1] }",
    "grid.yaml:10:40: sweep.train.augment.crop: expected fields apart from each other, got train.augment.crop inside train.augment",
  ],
  [
    "a sweep that is a list",
    10,
    "sweep: [train.epochs]",
    "grid.yaml:10:8: sweep: expected a mapping from fields to lists of values, got a list\n  hint: for example { train.optimizer.sgd.lr: [0.01, 0.1] }",
  ],
  [
    "a swept option that the model lacks",
    10,
    "sweep: { model.widht: [1, 2] }",
    'grid.yaml:10:10: sweep.model.widht: unknown field "widht"\n  hint: did you mean "width"?',
  ],
];

it("connectivity of masks needs masks", () => {
  const text = withLine(10, "measure: { connectivity: { epochs: [0], masks: true } }")
    .split("\n")
    .filter((_, i) => i < 6 || i === 9)
    .join("\n");
  expect(complaint(text)).toBe(
    "grid.yaml:7:48: measure.connectivity.masks: expected prune, since masks are to be measured too, got nothing to prune\n  hint: add prune, or leave masks out",
  );
});

it.each(cases)("says what is wrong with starts, seeds, measures and sweeps: %s", (_, number, text, message) => {
  const found = complaint(withLine(number, text));
  // Lists of all known names may grow: of these only the beginning is asked.
  expect(message.includes("known: ") ? found.slice(0, message.length) : found).toBe(message);
});
