import { expect, it } from "vitest";
import { complaint, lines, withLine } from "./spoiled-spec.fixture.ts";

it("accepts the spec that the cases below spoil", () => {
  expect(complaint(lines.join("\n"))).toBe("accepted");
});

/** What is wrong, the line, its text, and the whole message. */
const cases: readonly (readonly [string, number, string, string])[] = [
  [
    "a name with a slash",
    1,
    "name: a/b",
    'grid.yaml:1:7: name: expected a short name for the experiment, without slashes and invisible characters, of at most 200 bytes, got "a/b"',
  ],
  [
    "no name",
    1,
    "question: why?",
    "grid.yaml:1:1: name: expected a short name for the experiment, without slashes and invisible characters, of at most 200 bytes, got nothing",
  ],
  ["an unknown field", 10, "sedes: 3", 'grid.yaml:10:1: sedes: unknown field "sedes"\n  hint: did you mean "seeds"?'],
  [
    "an unknown nested field",
    6,
    "  optimizer: { sgd: { lr: 0.1, momentun: 0.9 } }",
    'grid.yaml:6:32: train.optimizer.sgd.momentun: unknown field "momentun"\n  hint: did you mean "momentum"?',
  ],
  [
    "an unknown data set",
    2,
    "data: cifar11",
    'grid.yaml:2:7: data.name: expected the name of a data set, got "cifar11"\n  hint: did you mean "cifar10" or "cifar100"?',
  ],
  [
    "a subset larger than the set",
    2,
    "data: { name: cifar10, subset: 50001 }",
    "grid.yaml:2:32: data.subset: expected a whole number from 1 to 50000, got 50001: CIFAR-10 has 50000 training images\n  hint: leave it out to train on all of them",
  ],
  [
    "data of the wrong type",
    2,
    "data: [cifar10]",
    "grid.yaml:2:7: data: expected the name of a data set, or a mapping with name, got a list",
  ],
  [
    "model of the wrong type",
    3,
    "model: 20",
    "grid.yaml:3:8: model: expected the name of a model, or a mapping with name, got 20",
  ],
  ["no epochs", 5, "", "grid.yaml:4:1: train.epochs: expected a whole number of at least 1, got nothing"],
  [
    "a number in quotes",
    5,
    '  epochs: "10"',
    'grid.yaml:5:11: train.epochs: expected a whole number of at least 1, got "10"\n  hint: a number is written without quotes',
  ],
  ["half an epoch", 5, "  epochs: 2.5", "grid.yaml:5:11: train.epochs: expected a whole number of at least 1, got 2.5"],
  [
    "no learning rate",
    6,
    "  optimizer: { sgd: {} }",
    "grid.yaml:6:16: train.optimizer.sgd.lr: expected a number above 0, got nothing",
  ],
  [
    "a learning rate of 0",
    6,
    "  optimizer: { sgd: { lr: 0 } }",
    "grid.yaml:6:27: train.optimizer.sgd.lr: expected a number above 0, got 0",
  ],
  [
    "an infinite learning rate",
    6,
    "  optimizer: { sgd: { lr: .inf } }",
    "grid.yaml:6:27: train.optimizer.sgd.lr: expected a number above 0, got Infinity",
  ],
  [
    "a momentum of 1",
    6,
    "  optimizer: { sgd: { lr: 0.1, momentum: 1 } }",
    "grid.yaml:6:42: train.optimizer.sgd.momentum: expected a number from 0 to below 1, got 1",
  ],
  [
    "yes for true",
    6,
    "  optimizer: { sgd: { lr: 0.1, nesterov: yes } }",
    'grid.yaml:6:42: train.optimizer.sgd.nesterov: expected true or false, got "yes"\n  hint: write true or false: in YAML 1.2 yes, no, on and off are texts',
  ],
  [
    "Nesterov's momentum without momentum",
    6,
    "  optimizer: { sgd: { lr: 0.1, momentum: 0, nesterov: true } }",
    "grid.yaml:6:42: train.optimizer.sgd.momentum: expected momentum above 0 with nesterov, got 0\n  hint: leave nesterov out, or set momentum",
  ],
  [
    "an unknown precision",
    6,
    "  optimizer: { sgd: { lr: 0.1 } }\n  precision: half",
    'grid.yaml:7:14: train.precision: expected "float32" or "float64" or "bfloat16", got "half"',
  ],
  [
    "a milestone past the end",
    6,
    "  optimizer: { sgd: { lr: 0.1 } }\n  schedule: { milestones: [5, 10] }",
    "grid.yaml:7:31: train.schedule.milestones[1]: expected an epoch before the end (train.epochs is 10), got 10\n  hint: the learning rate is lowered after this epoch",
  ],
  [
    "milestones out of order",
    6,
    "  optimizer: { sgd: { lr: 0.1 } }\n  schedule: { milestones: [8, 5] }",
    "grid.yaml:7:31: train.schedule.milestones[1]: expected a value above 8 (the list must increase), got 5",
  ],
  [
    "a warm-up as long as the training",
    6,
    "  optimizer: { sgd: { lr: 0.1 } }\n  schedule: { warmupEpochs: 10 }",
    "grid.yaml:7:29: train.schedule.warmupEpochs: expected fewer warm-up epochs than train.epochs (10), got 10",
  ],
];

it.each(cases)("says what is wrong with name, data, model and train: %s", (_, number, text, message) => {
  const found = complaint(withLine(number, text));
  // Lists of all known names may grow: of these only the beginning is asked.
  expect(message.includes("known: ") ? found.slice(0, message.length) : found).toBe(message);
});
