import { describe, expect, it } from "vitest";
import { complaint, lines, withLine } from "./spoiled-spec.fixture.ts";

describe("YAML itself", () => {
  it.each<readonly [string, string, string]>([
    ["an empty file", "", "grid.yaml:1:1: expected a mapping with name, data, model and train, got nothing"],
    ["a list", "- name: a", "grid.yaml:1:1: expected a mapping with name, data, model and train, got a list"],
    ["a duplicate key", withLine(10, "name: again"), "grid.yaml:10:1: expected each key once, got this key again"],
    [
      "a tab",
      "train:\n\tepochs: 3",
      "grid.yaml:2:1: expected spaces, got a tab\n  hint: YAML allows only spaces for indentation",
    ],
    ["an open bracket", "seeds: [1, 2\nname: a", "grid.yaml:2:1: not valid YAML: Flow sequence"],
    ["an unknown tag", withLine(1, "name: !secret a"), "grid.yaml:1:7: not valid YAML: Unresolved tag: !secret"],
    ["two documents", "name: a\n---\nname: b", "grid.yaml:2:1: expected one YAML document, got several"],
    ["an alias bomb", bomb(), "grid.yaml: not valid YAML: Excessive alias count"],
  ])("%s", (_, text, message) => {
    // The parser's own sentences are asked only up to where they begin.
    expect(complaint(text).slice(0, message.length)).toBe(message);
  });
});

/** Nine levels of nine aliases each: 3.9e8 values from half a kilobyte. */
function bomb(): string {
  const level = (i: number) => `l${i}: &l${i} [${Array.from({ length: 9 }, () => `*l${i - 1}`).join(", ")}]`;
  return ["l0: &l0 [x]", ...Array.from({ length: 9 }, (_, i) => level(i + 1))].join("\n");
}

describe("--set", () => {
  it.each<readonly [string, string, string]>([
    ["a wrong value", "train.epochs=ten", '--set train.epochs=ten: expected a whole number of at least 1, got "ten"'],
    [
      "a wrong inner value",
      "prune[0].iterative={ rate: 20, rounds: 3 }",
      "--set prune[0].iterative={ rate: 20, rounds: 3 }: prune[0].iterative.rate: expected a number above 0 and below 1, got 20\n  hint: rate is the share of the remaining weights that a round removes; for 20 % write 0.2",
    ],
    ["an unknown field", "train.epocs=3", '--set train.epocs=3: unknown field "epocs"\n  hint: did you mean "epochs"?'],
    [
      "no value",
      "train.epochs",
      "--set train.epochs: expected path=value, the path as in the spec\n  hint: for example --set train.epochs=10",
    ],
    [
      "an empty path part",
      "train..epochs=3",
      "--set train..epochs=3: expected path=value, the path as in the spec\n  hint: for example --set train.epochs=10",
    ],
    ["no YAML", "seeds=[1", '--set seeds=[1: not valid YAML after "=": Flow sequence must end with a ]'],
    [
      "a path through a number",
      "train.epochs.x=3",
      "--set train.epochs.x=3: expected a path of the spec, got one that leads nowhere",
    ],
    [
      "a list entry that is not there",
      "prune[1].one-shot={}",
      "--set prune[1].one-shot={}: expected a path of the spec, got one that leads nowhere",
    ],
  ])("%s", (_, override, message) => {
    expect(complaint(lines.join("\n"), [override])).toBe(message);
  });

  it("a field that is swept", () => {
    expect(complaint(withLine(10, "sweep: { train.epochs: [10, 20] }"), ["train.epochs=5"])).toBe(
      '--set train.epochs=5: expected a field that is not swept, got one that sweep sets in every variant\n  hint: set the sweep instead: --set "sweep.train.epochs=[…]"',
    );
  });
});

describe("several problems", () => {
  it("are told all at once, in the order of the text, whatever part they are in", () => {
    const text = withLine(5, "  epochs: 10\n  batchSize: none")
      .replace("seeds", "")
      .replace("lr: 0.1", "lr: -1")
      .replace("ticket", "tickets");
    expect(
      complaint(`${text}\nseeds: 0\nsweep: { train.augment.crop: [4, big] }`)
        .split("\n")
        .filter((line) => line.startsWith("grid")),
    ).toEqual([
      'grid.yaml:6:14: train.batchSize: expected a whole number of at least 1, got "none"',
      "grid.yaml:7:27: train.optimizer.sgd.lr: expected a number above 0, got -1",
      'grid.yaml:10:11: retrain[0]: expected ticket, reinit, scratch-b, fine-tune, { rewind: { epoch: … } } or { lr-rewind: { epochs: … } }, got "tickets"',
      "grid.yaml:11:8: seeds: expected a whole number from 1 to 1000, got 0",
      'grid.yaml:12:34: sweep.train.augment.crop[1]: expected a whole number of at least 0, got "big"',
    ]);
  });

  it("that only one variant has are told at the place that all share", () => {
    const text = withLine(6, "  optimizer: { sgd: { lr: 0.1 } }\n  schedule: { milestones: [8] }");
    expect(complaint(`${text}\nsweep: { train.epochs: [8, 10, 20] }`)).toBe(
      "grid.yaml:7:28: train.schedule.milestones[0]: expected an epoch before the end (train.epochs is 8), got 8\n  hint: the learning rate is lowered after this epoch",
    );
  });

  it("of one list are told together: a wrong value, and the order of the others", () => {
    const text = withLine(8, "  - one-shot: { sparsities: [85, 0.5, 0.3, most] }");
    expect(complaint(text).split("\n")).toEqual([
      "grid.yaml:8:30: prune[0].one-shot.sparsities[0]: expected a number above 0 and below 1, got 85",
      "  hint: sparsity is the share removed; for 85 % write 0.85",
      "grid.yaml:8:39: prune[0].one-shot.sparsities[2]: expected a value above 0.5 (the list must increase), got 0.3",
      'grid.yaml:8:44: prune[0].one-shot.sparsities[3]: expected a number above 0 and below 1, got "most"',
    ]);
  });

  it("a start without anything to prune", () => {
    expect(complaint([...lines.slice(0, 6), lines[8]].join("\n"))).toBe(
      "grid.yaml:7:10: retrain: expected prune, since retraining starts from a mask, got nothing to prune\n  hint: add prune, or leave retrain out",
    );
  });
});
