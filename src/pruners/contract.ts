import assert from "node:assert/strict";
import { elementCount, type HostArray, type StateDict } from "../core/array.ts";
import type { Json } from "../core/canonical-json.ts";
import { parseOptions } from "../core/registry.ts";
import { stream } from "../core/rng.ts";
import { keptCount } from "../masks/counts.ts";
import type { Mask } from "../masks/mask.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Pruner } from "./define.ts";
import { makeMask } from "./make-mask.ts";

/** Registers a test, as `test` of vitest and of node:test do. */
export type RegisterTest = (name: string, run: () => void) => void;

/**
 * The contract that every pruning method keeps. Call it in the method's test file: `testPruner(magnitude, test)`.
 * @param options valid options of the method; none by default
 */
export function testPruner(pruner: Pruner, test: RegisterTest, options: Json = {}): void {
  const mask = (weights: StateDict, sparsity: number, previous?: Mask, seed = 0) =>
    makeMask({
      weights,
      layers: [...weights.keys()],
      pruner,
      options,
      target: { sparsity },
      seed,
      ...(previous === undefined ? {} : { previous }),
    });
  const layers = normalWeights({ conv: [6, 3, 3, 3], fc: [10, 7] });

  test(`${pruner.name}: the mask has the layers' names and shapes, and only 0 and 1`, () => {
    const made = mask(layers, 0.5);
    assert.deepEqual(made.keys, [...layers.keys()]);
    for (const [name, weight] of layers) {
      assert.deepEqual(made.shape(name), weight.shape);
      assert.ok(made.keep(name).every((bit) => bit === 0 || bit === 1));
    }
  });

  test(`${pruner.name}: exactly the asked number of weights stays in every layer`, () => {
    for (const sparsity of [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
      for (const name of layers.keys()) {
        const made = mask(layers, sparsity);
        assert.equal(made.keptCount(name), keptCount(made.size(name), sparsity));
      }
  });

  test(`${pruner.name}: pruned weights stay pruned`, () => {
    const first = mask(layers, 0.4);
    // Other weights, which by themselves would be pruned elsewhere.
    const later = mask(normalWeights({ conv: [6, 3, 3, 3], fc: [10, 7] }, "later"), 0.8, first);
    assert.ok(later.isSubsetOf(first));
    for (const name of layers.keys()) assert.equal(later.keptCount(name), keptCount(later.size(name), 0.8));
  });

  test(`${pruner.name}: weights that are all equal`, () => {
    const made = mask(new Map([["fc", constant([5, 5], 0.25)]]), 0.6);
    assert.equal(made.keptCount("fc"), 10);
  });

  test(`${pruner.name}: a layer of one weight`, () => {
    assert.deepEqual([...mask(new Map([["fc", constant([1, 1], -2)]]), 0.5).keep("fc")], [1]);
  });

  test(`${pruner.name}: the same bits twice, and the weights are not modified`, () => {
    const before = new Map([...layers].map(([name, weight]) => [name, weight.data.slice()]));
    assert.deepEqual(mask(layers, 0.3).toStateDict(), mask(layers, 0.3).toStateDict());
    for (const [name, weight] of layers) assert.deepEqual(weight.data, before.get(name));
  });

  test(`${pruner.name}: the seed matters if and only if the method needs one`, () => {
    const [first, other] = [mask(layers, 0.5), mask(layers, 0.5, undefined, 1)];
    const isSame = [...layers.keys()].every((name) => Buffer.from(first.keep(name)).equals(other.keep(name)));
    assert.equal(isSame, pruner.needsSeed !== true);
  });

  test(`${pruner.name}: on small layers, the same choice as by sorting the scores`, () => {
    for (let round = 0; round < 20; round++) {
      const weights = normalWeights({ fc: [3, 4] }, round);
      for (const [name, weight] of weights) {
        const parsed = parseOptions("pruner", pruner, options);
        const scores = scope(() => [
          ...pruner.score({ name, weight: Tensor.fromHost(weight), options: parsed, seed: 0 }).toHost().data,
        ]).map(Number);
        const order = scores.map((_, i) => i).sort((i, j) => (scores[j] ?? 0) - (scores[i] ?? 0) || i - j);
        const expected = scores.map((_, i) => Number(order.indexOf(i) < 5));
        assert.deepEqual([...mask(weights, 7 / 12).keep(name)], expected);
      }
    }
  });
}

/** Seeded normal float32 weights by layer name. */
function normalWeights(shapes: Readonly<Record<string, readonly number[]>>, draw: number | string = 0): StateDict {
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const draws = stream(0, "pruner contract", name, draw);
      const data = Float32Array.from({ length: elementCount(shape) }, () => draws.normal());
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

function constant(shape: readonly number[], value: number): HostArray {
  return { dtype: "float32", shape, data: new Float32Array(elementCount(shape)).fill(value) };
}
