import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "./parse.ts";
import { complaint, lines, withLine } from "./spoiled-spec.fixture.ts";

const base = lines.join("\n");

function variantsOf(text: string, overrides: readonly string[] = []) {
  return parseSpec(`${base}\n${text}`, "grid.yaml", overrides).variants;
}

describe("cases", () => {
  it("go together, each with every point of the sweep, and vary slowest", () => {
    const variants = variantsOf(
      `sweep: { train.optimizer.sgd.lr: [0.01, 0.1] }
cases:
  - { model: mobilenet-v2, data.name: cifar10 }
  - { data.name: cifar100, model: { name: resnet20, width: 8 } }`,
    );
    expect(variants.map(({ id, label }) => [id, label])).toEqual([
      ["v0", "mobilenet-v2, cifar10, lr 0.01"],
      ["v1", "mobilenet-v2, cifar10, lr 0.1"],
      ["v2", "resnet20 (width 8), cifar100, lr 0.01"],
      ["v3", "resnet20 (width 8), cifar100, lr 0.1"],
    ]);
    expect(
      variants.map(({ setting: { model, data, train } }) => [model.name, data.name, train.optimizer.sgd.lr]),
    ).toEqual([
      ["mobilenet-v2", "cifar10", 0.01],
      ["mobilenet-v2", "cifar10", 0.1],
      ["resnet20", "cifar100", 0.01],
      ["resnet20", "cifar100", 0.1],
    ]);
    expect(variants[3]?.values).toEqual({
      model: { name: "resnet20", width: 8 },
      "data.name": "cifar100",
      "train.optimizer.sgd.lr": 0.1,
    });
    expect(variants[2]?.setting.model).toEqual({ name: "resnet20", width: 8, shortcut: "projection" });
  });

  it("may set fields of the recipe, which are called by their name", () => {
    const variants = variantsOf(
      "cases: [{ train.optimizer.sgd.lr: 0.1, train.epochs: 20 }, { train.optimizer.sgd.lr: 0.01, train.epochs: 5 }]",
    );
    expect(variants.map(({ label, setting }) => [label, setting.train.epochs])).toEqual([
      ["lr 0.1, epochs 20", 20],
      ["lr 0.01, epochs 5", 5],
    ]);
  });

  it("are changed by --set, one value of one case", () => {
    const text = "cases: [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]";
    for (const path of ["cases[1].data.name", "cases.1.data.name"])
      expect(variantsOf(text, [`${path}=mnist`]).map(({ setting }) => setting.data.name)).toEqual(["cifar10", "mnist"]);
  });

  it("stand in the resolved spec, which parses to the same variants", () => {
    const spec = parseSpec(`${base}\ncases: [{ model: lenet5 }, { model: resnet20 }]`, "grid.yaml");
    expect(spec.resolved).toMatchObject({ cases: [{ model: "lenet5" }, { model: "resnet20" }], sweep: {} });
    expect(parseSpec(stringify(spec.resolved), "again.yaml").variants).toEqual(spec.variants);
    expect(parseSpec(base, "grid.yaml").resolved).not.toHaveProperty("cases");
  });

  it("count among the most variants that there may be", () => {
    const values = JSON.stringify(Array.from({ length: 501 }, (_, i) => i + 1));
    const text = withLine(10, `sweep: { train.batchSize: ${values} }\ncases: [{ model: lenet5 }, { model: vgg11 }]`);
    expect(complaint(text)).toContain(
      "grid.yaml:11:8: cases: expected at most 1000 variants, got 1002 combinations of cases and swept values",
    );
  });
});

/** What is wrong, the text of line 10, and the whole message. */
const messages: readonly (readonly [string, string, string])[] = [
  [
    "no list",
    "cases: { model: lenet5 }",
    "grid.yaml:10:8: cases: expected a list of mappings from fields to values, got a mapping\n  hint: for example [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]",
  ],
  [
    "an empty list",
    "cases: []",
    "grid.yaml:10:8: cases: expected a list of mappings from fields to values, got an empty list\n  hint: for example [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]",
  ],
  [
    "a name instead of a mapping",
    "cases: [lenet5]",
    'grid.yaml:10:9: cases[0]: expected a mapping from fields to values, got "lenet5"\n  hint: for example [{ model: vgg11, data.name: cifar10 }, { model: resnet20, data.name: cifar100 }]',
  ],
  [
    "an unknown field",
    "cases: [{ modle: lenet5 }]",
    'grid.yaml:10:11: cases[0].modle: expected a field inside data, model or train, got "modle"\n  hint: did you mean "model"?',
  ],
  [
    "a field that is missing in one case",
    "cases: [{ model: lenet5, train.epochs: 11 }, { model: vgg11 }]",
    "grid.yaml:10:46: cases[1]: expected the fields of the first case (model, train.epochs), got no train.epochs\n  hint: all cases name the same fields",
  ],
  [
    "a field that only a later case has",
    "cases: [{ model: lenet5 }, { model: vgg11, train.epochs: 11 }]",
    "grid.yaml:10:44: cases[1].train.epochs: expected the fields of the first case (model), got train.epochs too",
  ],
  [
    "a field that is swept too",
    "sweep: { model.width: [1, 2] }\ncases: [{ model: lenet5 }]",
    "grid.yaml:11:11: cases[0].model: expected fields apart from those of sweep, got model beside sweep.model.width",
  ],
  [
    "fields inside each other",
    "cases: [{ model: lenet5, model.width: 2 }]",
    "grid.yaml:10:26: cases[0].model.width: expected fields apart from each other, got model.width inside model",
  ],
  [
    "a case twice",
    "cases: [{ model: vgg11, train.epochs: 9 }, { train.epochs: 9, model: vgg11 }]",
    "grid.yaml:10:44: cases[1]: expected each case once, got the same one again",
  ],
  [
    "a wrong value in one case",
    "cases:\n  - { train.epochs: 11 }\n  - { train.epochs: many }",
    'grid.yaml:12:21: cases[1].train.epochs: expected a whole number of at least 1, got "many"',
  ],
  [
    "an unknown model",
    "cases:\n  - { model: lenet5 }\n  - { model: resnet21 }",
    'grid.yaml:12:14: cases[1].model.name: expected the name of a model, got "resnet21"',
  ],
  [
    "an option that a case's model lacks",
    "cases: [{ model: { name: lenet5, widht: 2 } }]",
    'grid.yaml:10:34: cases[0].model.widht: unknown field "widht"\n  hint: did you mean "width"?',
  ],
];

it.each(messages)("says what is wrong with cases, at the case's line: %s", (_, text, message) => {
  const found = complaint(withLine(10, text));
  expect(message.includes("resnet21") ? found.slice(0, message.length) : found).toBe(message);
});

it("refuses to set by hand what the cases set", () => {
  expect(complaint(withLine(10, "cases: [{ model: lenet5 }]"), ["model=vgg11"])).toBe(
    '--set model=vgg11: expected a field that is not swept, got one that cases set in every variant\n  hint: set the cases instead: --set "cases[0].model=…"',
  );
});
