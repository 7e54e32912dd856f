import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import type { Plan } from "./types.ts";

function planOf(prune: string): Plan {
  const text = `{ name: a, data: cifar10, model: lenet5, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, prune: ${prune}, retrain: [ticket, fine-tune], measure: { correlation: { p: [0.1, 0.4] } } }`;
  return makePlan(parseSpec(text, "a.yaml"));
}

const keys = (prune: string) => [...planOf(prune).stages.keys()];

describe("the allocation of a mask", () => {
  it("is in the keys where it is not the uniform one", () => {
    for (const kind of ["one-shot", "iterative"]) {
      const plain = keys(`[{ ${kind}: { sparsities: [0.5] } }]`);
      expect(keys(`[{ ${kind}: { sparsities: [0.5], allocation: uniform } }]`)).toEqual(plain);
      const global = keys(`[{ ${kind}: { sparsities: [0.5], allocation: global } }]`);
      expect(global).not.toEqual(plain);
      expect(keys(`[{ ${kind}: { sparsities: [0.5], allocation: { name: global, least: 2 } } }]`)).not.toEqual(global);
      expect(keys(`[{ ${kind}: { sparsities: [0.5], allocation: erk } }]`)).not.toEqual(global);
    }
  });

  it("names the pruning", () => {
    const names = (prune: string) => [...new Set(planOf(prune).arms.flatMap(({ cell }) => cell?.pruning ?? []))];
    expect(names("[{ one-shot: { sparsities: [0.5], allocation: global } }]")).toEqual(["one-shot (global)"]);
    expect(
      names(
        "[{ one-shot: { sparsities: [0.5] } }, { one-shot: { sparsities: [0.5], pruner: lamp, allocation: global } }, { one-shot: { sparsities: [0.5], allocation: erk } }]",
      ),
    ).toEqual(["one-shot (magnitude)", "one-shot (lamp, global)", "one-shot (erk)"]);
  });

  it("leaves what fits of R_p to the comparison, which is asked for every p below the share that stays", () => {
    const compares = (prune: string) =>
      [...planOf(prune).stages.values()].flatMap((stage) =>
        stage.kind === "compare" && stage.parameters.mode === "sparse-dense" ? [stage.parameters] : [],
      );
    expect(compares("[{ one-shot: { sparsities: [0.5], allocation: global } }]")).toMatchObject([
      { p: [0.1, 0.4], partial: true },
      { p: [0.1, 0.4], partial: true },
    ]);
    for (const parameters of compares("[{ one-shot: { sparsities: [0.5] } }]"))
      expect(parameters).not.toHaveProperty("partial");
  });

  it.each([
    [
      "allocation: globl",
      'prune[0].one-shot.allocation: expected the name of an allocation, got "globl"\n  hint: did you mean "global"?',
    ],
    ["allocation: { name: global, last: 1 }", 'unknown field "last"'],
    ["allocation: global, pruner: random", "those of random cannot be compared across layers"],
  ])("is refused: %s", (fields, message) => {
    expect(() => planOf(`[{ one-shot: { sparsities: [0.5], ${fields} } }]`)).toThrow(message);
  });

  it("that leaves less than a weight per layer is refused before anything runs", () => {
    const fields = "sparsities: [0.99999], allocation: global";
    expect(() => planOf(`[{ one-shot: { ${fields} } }]`)).toThrow(/one weight per layer at least, got \d for 4 layers/);
  });
});
