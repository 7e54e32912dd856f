import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { describeData } from "../data/check.ts";
import { describeModel, models } from "../models/index.ts";
import { complaint, withLine } from "./spoiled-spec.fixture.ts";

describe("names what only the model can tell", () => {
  it.each<readonly [string, number, string, string]>([
    [
      "an unknown layer",
      10,
      "protect: [conv9.weight]",
      'grid.yaml:10:11: protect[0]: expected first-conv, last-linear or the name of a prunable layer of resnet20, got "conv9.weight"',
    ],
  ])("%s", (_, number, text, message) => {
    expect(complaint(withLine(number, text)).startsWith(message)).toBe(true);
  });

  const prunable = describeModel(
    { name: "resnet20", ...models.get("resnet20").options.parse({}) },
    describeData({ name: "fashion-mnist" }),
  ).prunable.map(({ name, kind, shape }) => ({ name, kind, size: elementCount(shape) }));
  const first = prunable.find(({ kind }) => kind === "conv");
  const smallest = prunable.filter((layer) => layer !== first).reduce((a, b) => (b.size < a.size ? b : a));

  it("protecting every layer", () => {
    const text = `protect: [${prunable.map(({ name }) => name).join(", ")}]`;
    expect(complaint(withLine(10, text))).toBe(
      `grid.yaml:10:10: protect: expected at least one layer of resnet20 to stay prunable, got all ${prunable.length} protected`,
    );
  });

  it("a sparsity that keeps no weight of the smallest layer, with the first one that does not", () => {
    // Halves keep the weight, so 1 - 0.5/size still keeps one and anything above does not.
    const [keeps, empties] = [1 - 1 / smallest.size, 1 - 0.25 / smallest.size];
    expect(complaint(withLine(8, `  - one-shot: { sparsities: [${keeps}, ${empties}] }`))).toContain(
      `prune[0].one-shot.sparsities[1]: expected a sparsity that keeps a weight in every layer, got ${empties}: it keeps none of the ${smallest.size} weights of ${smallest.name}\n  hint: prune less, or protect this layer`,
    );
    expect(complaint(withLine(8, `  - iterative: { sparsities: [${keeps}] }`))).toBe("accepted");
  });

  it("rounds that end with no weight, with the round", () => {
    let [remaining, round] = [smallest.size, 0];
    for (; remaining > 0; round++) remaining = Math.round(remaining * 0.1 - 1e-9 + 2e-9); // halves are kept
    expect(complaint(withLine(8, "  - iterative: { rate: 0.9, rounds: 40 }"))).toBe(
      `grid.yaml:8:37: prune[0].iterative.rounds: expected rounds that keep a weight in every layer, got 40 at rate 0.9: round ${round} keeps none of the ${smallest.size} weights of ${smallest.name}\n  hint: prune less, or protect this layer`,
    );
    expect(complaint(withLine(8, `  - iterative: { rate: 0.9, rounds: ${round - 1} }`))).toBe("accepted");
  });
});
