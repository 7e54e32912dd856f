import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "./parse.ts";
import { lines } from "./spoiled-spec.fixture.ts";

const base = lines.join("\n");

describe("defaults", () => {
  const spec = parseSpec(base, "grid.yaml");
  const [variant] = spec.variants;

  it("fills in the recipe of the paper's protocol", () => {
    expect(variant?.setting.train).toEqual({
      epochs: 10,
      batchSize: 128,
      precision: "float32",
      optimizer: { sgd: { lr: 0.1, momentum: 0.9, weightDecay: 1e-4, nesterov: false } },
      schedule: { milestones: [], factor: 0.1, warmupEpochs: 0 },
      augment: { crop: 0, flip: false },
    });
  });

  it("fills in everything else", () => {
    expect(spec).toMatchObject({
      name: "grid",
      question: "",
      seeds: [0],
      device: "cpu",
      verdict: { equivalenceMargin: 0.5, minDifference: 0.5, alpha: 0.05 },
    });
    expect(variant?.setting.protect).toEqual(["first-conv"]);
    expect(variant?.setting.correlation.p).toEqual([0.1, 0.2, 0.3, 0.4, 0.5]);
    expect(variant?.setting.data).toEqual({ name: "fashion-mnist", validation: 0 });
  });

  it("retrains with the paper's three starts when there are masks, and with none otherwise", () => {
    const [, ...rest] = lines.toReversed();
    expect(kinds(rest.toReversed().join("\n"))).toEqual(["ticket", "reinit", "fine-tune"]);
    expect(kinds(lines.slice(0, 6).join("\n"))).toEqual([]);
  });
});

function kinds(text: string): string[] {
  return parseSpec(text, "grid.yaml").variants.flatMap(({ setting }) => setting.retrain.map(({ kind }) => kind));
}

describe("prune", () => {
  it("makes one round of every sparsity, or so many rounds at a rate", () => {
    const text = base.replace(
      "  - iterative: { rate: 0.2, rounds: 3 }",
      "  - iterative: { rate: 0.2, rounds: 2 }\n  - iterative: { sparsities: [0.3, 0.5] }\n  - one-shot: { sparsities: [0.5], pruner: magnitude }",
    );
    const pruner = { name: "magnitude", options: {} };
    expect(parseSpec(text, "grid.yaml").variants[0]?.setting.prune).toEqual([
      { kind: "iterative", pruner, rounds: [{ removeFraction: 0.2 }, { removeFraction: 0.2 }] },
      { kind: "iterative", pruner, rounds: [{ sparsity: 0.3 }, { sparsity: 0.5 }] },
      { kind: "one-shot", pruner, sparsities: [0.5] },
    ]);
  });
});

describe("sweep", () => {
  it("crosses all values, the first field varying slowest, and labels the variants for people", () => {
    const spec = parseSpec(
      `${base}\nsweep:\n  train.optimizer.sgd.lr: [0.01, 0.1]\n  train.epochs: [10, 20]`,
      "grid.yaml",
    );
    expect(spec.variants.map(({ id, label, values }) => ({ id, label, values }))).toEqual([
      { id: "v0", label: "lr 0.01, epochs 10", values: { "train.optimizer.sgd.lr": 0.01, "train.epochs": 10 } },
      { id: "v1", label: "lr 0.01, epochs 20", values: { "train.optimizer.sgd.lr": 0.01, "train.epochs": 20 } },
      { id: "v2", label: "lr 0.1, epochs 10", values: { "train.optimizer.sgd.lr": 0.1, "train.epochs": 10 } },
      { id: "v3", label: "lr 0.1, epochs 20", values: { "train.optimizer.sgd.lr": 0.1, "train.epochs": 20 } },
    ]);
    expect(
      spec.variants.map(({ setting }) => [setting.train.optimizer.sgd.lr, setting.train.epochs, setting.data.name]),
    ).toEqual([
      [0.01, 10, "fashion-mnist"],
      [0.01, 20, "fashion-mnist"],
      [0.1, 10, "fashion-mnist"],
      [0.1, 20, "fashion-mnist"],
    ]);
  });

  it("is called by the experiment's name when nothing is swept", () => {
    expect(parseSpec(base, "grid.yaml").variants.map(({ id, label }) => [id, label])).toEqual([["v0", "grid"]]);
  });

  it("may set a field that the spec leaves out, also beside a data set given by its name", () => {
    const text = base.replace("{ sgd: { lr: 0.1 } }", "{ sgd: {} }");
    const spec = parseSpec(
      `${text}\nsweep: { train.optimizer.sgd.lr: [1, 2], data.subset: [100], train.augment.flip: [true] }`,
      "grid.yaml",
    );
    expect(spec.variants.map(({ label }) => label)).toEqual([
      "lr 1, subset 100, flip true",
      "lr 2, subset 100, flip true",
    ]);
    expect(spec.variants[1]?.setting).toMatchObject({
      data: { name: "fashion-mnist", subset: 100 },
      train: { optimizer: { sgd: { lr: 2 } }, augment: { crop: 0, flip: true } },
    });
  });

  it("may go over data sets by name", () => {
    const spec = parseSpec(`${base}\nsweep: { data: [mnist, cifar10] }`, "grid.yaml");
    expect(spec.variants.map(({ label, setting }) => [label, setting.data.name])).toEqual([
      ["data mnist", "mnist"],
      ["data cifar10", "cifar10"],
    ]);
  });

  it("takes a thousand variants and refuses more", () => {
    const values = (n: number) => JSON.stringify(Array.from({ length: n }, (_, i) => i + 1));
    const sweep = (n: number) => `${base}\nsweep: { train.batchSize: ${values(n)}, train.augment.crop: ${values(10)} }`;
    expect(parseSpec(sweep(100), "grid.yaml").variants).toHaveLength(1000);
    expect(() => parseSpec(sweep(101), "grid.yaml")).toThrow(
      "grid.yaml:10:8: sweep: expected at most 1000 variants, got 1010 combinations of the swept values",
    );
  });
});

describe("seeds", () => {
  it("counts from 0, or takes the list as it is", () => {
    expect(parseSpec(`${base}\nseeds: 3`, "grid.yaml").seeds).toEqual([0, 1, 2]);
    expect(parseSpec(`${base}\nseeds: [7, 1]`, "grid.yaml").seeds).toEqual([7, 1]);
  });
});

describe("overrides", () => {
  it("of one field twice are refused: the last one would win in silence", () => {
    for (const twice of [
      ["train.epochs=30", "train.epochs=40"],
      ["prune[0].iterative.rounds=2", "prune.0.iterative.rounds=2"],
    ])
      expect(() => parseSpec(base, "grid.yaml", twice)).toThrow(
        `--set ${twice[1]}: expected each field once, got it after --set ${twice[0]}, too`,
      );
  });

  it("are YAML values, applied in order, also inside lists, sweeps and shorthands", () => {
    const spec = parseSpec(base, "grid.yaml", [
      "train.epochs=40",
      "train.schedule.milestones=[20, 30]",
      "prune[0].iterative.rounds=2",
      "prune.0.iterative.rate=1e-1",
      "data.subset=1000",
      "sweep.train.optimizer.sgd.lr=[0.5]",
    ]);
    expect(spec.variants[0]?.setting).toMatchObject({
      data: { name: "fashion-mnist", subset: 1000 },
      train: { epochs: 40, schedule: { milestones: [20, 30] }, optimizer: { sgd: { lr: 0.5 } } },
      prune: [{ rounds: [{ removeFraction: 0.1 }, { removeFraction: 0.1 }] }],
    });
  });

  it("mend a spec that is wrong without them", () => {
    const wrong = base.replace("epochs: 10", "epochs: none");
    expect(() => parseSpec(wrong, "grid.yaml")).toThrow();
    expect(parseSpec(wrong, "grid.yaml", ["train.epochs=3"]).variants[0]?.setting.train.epochs).toBe(3);
  });

  it("leave prototypes alone", () => {
    expect(() => parseSpec(base, "grid.yaml", ["__proto__.polluted=1"])).toThrow('unknown field "__proto__"');
    expect("polluted" in {}).toBe(false);
  });
});

describe("the resolved spec", () => {
  const fraction = fc.integer({ min: 1, max: 19 }).map((i) => i / 20);
  const fractions = fc
    .uniqueArray(fraction, { minLength: 1, maxLength: 5 })
    .map((list) => list.toSorted((a, b) => a - b));
  const specs = fc.record(
    {
      name: fc.constant("any"),
      data: fc.constantFrom("mnist", { name: "cifar10", subset: 500, validation: 10 }),
      model: fc.constant("resnet20"),
      train: fc.record(
        {
          epochs: fc.integer({ min: 5, max: 9 }),
          optimizer: fc.record({ sgd: fc.record({ lr: fraction, nesterov: fc.boolean() }, { requiredKeys: ["lr"] }) }),
          schedule: fc.constantFrom({ milestones: [2, 4] }, { factor: 0.5, warmupEpochs: 1 }),
          batchSize: fc.integer({ min: 1, max: 300 }),
        },
        { requiredKeys: ["epochs", "optimizer"] },
      ),
      sweep: fc.constantFrom({}, { "train.augment.crop": [0, 4], "data.testSubset": [10, 20] }),
      seeds: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 4 })),
      prune: fc.tuple(
        fc.record({ iterative: fc.record({ rate: fraction, rounds: fc.constant(1) }) }),
        fc.record({ "one-shot": fc.record({ sparsities: fractions }) }),
        fc.record({ iterative: fc.record({ sparsities: fractions, pruner: fc.constant("magnitude") }) }),
      ),
      retrain: fc.subarray([
        ...["ticket", { rewind: { epoch: 2 } }, "reinit", "scratch-b", "fine-tune", { rewind: { epoch: 3 } }],
        { "lr-rewind": { epochs: 4 } },
      ]),
      measure: fc.record({ correlation: fc.record({ p: fractions }) }),
      verdict: fc.record({ alpha: fc.constant(0.1) }),
    },
    { requiredKeys: ["name", "data", "model", "train", "prune"] },
  );

  it("means the same as the spec it came from, with nothing left to default", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const once = parseSpec(stringify(spec), "any.yaml");
        expect(parseSpec(stringify(once.resolved), "resolved.yaml")).toEqual(once);
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
